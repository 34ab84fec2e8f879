#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a newcomer does: install libipcring below a prefix, compile against it by
# pkg-config, run the example pair as two processes that meet by name.

cd "$(dirname "$0")/../.." || exit 1
. selftests/ktap.sh
prefix=$tmp/prefix name=install.$$
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
unset LD_LIBRARY_PATH CFLAGS LDFLAGS
strict=(-Wall -Wextra -Werror -pedantic)

quietly()
{
	"$@" >"$tmp/log" 2>&1 </dev/null
}

flags()
{
	pkg-config --cflags --libs "$@" ipcring
}

# build ORDER: the example pair, the flags before or after the source.
build()
{
	local example

	for example in sender receiver; do
		# shellcheck disable=SC2046 # flags are words
		case $1 in
		before)	cc $(flags) "examples/$example.c" -o "$tmp/$example" ;;
		after)	cc -std=c11 "${strict[@]}" "examples/$example.c" $(flags) -o "$tmp/$example" ;;
		static)	cc "examples/$example.c" $(flags --static) -static -o "$tmp/$example" ;;
		esac || return
	done
}

short()
{
	! wc -l examples/*.c | awk '$2 != "total" && $1 > 30' | grep .
}

# header COMPILER... HEADER: alone, and in two files of one program.
header()
{
	local header=${*: -1} language=c

	[[ $1 != *++* ]] || language=c++
	printf '#include <%s>\nint main(void) { return 0; }\n' "$header" >"$tmp/a.$language"
	printf '#include <%s>\nint b;\n' "$header" >"$tmp/b.$language"
	# shellcheck disable=SC2046 # flags are words
	"${@:1:$#-1}" "${strict[@]}" "$tmp"/[ab]."$language" $(flags) -o "$tmp/header"
}

# The functions that the headers declare are those that the library has, and no more.
symbols()
{
	diff <(grep -hoE '^[a-z_].*\bipcring_[a-z_]+\(' "$prefix"/include/ipcring{,_pcq}.h |
		grep -v '^static' | grep -oE 'ipcring_[a-z_]+\($' | tr -d '(' | sort) \
		<(nm -D --defined-only "$prefix/lib/libipcring.so" | sed -n 's/.* T \(.*\)@@IPCRING_0/\1/p' | sort)
}

# pass: what is sent arrives; the receiver is there when its name is.
pass()
{
	local receiver status=0

	seq 1 5000 >"$tmp/in"
	"$tmp/receiver" "$name" >"$tmp/out" &
	receiver=$!
	until "$tmp/sender" "$name" <"$tmp/in" 2>"$tmp/why"; do
		grep -q 'no channel of that name' "$tmp/why" && kill -0 $receiver && continue
		cat "$tmp/why"
		return 1
	done
	wait $receiver || status=$?
	[ $status = 0 ] && cmp "$tmp/in" "$tmp/out" && [ ! -e "/dev/shm/ipcring.$name" ]
}

alone()
{
	! "$tmp/sender" "$name" 2>&1 | grep -v 'no channel of that name'
}

echo "TAP version 13"
echo "1..17"
check "make install" quietly make --no-print-directory install-lib PREFIX="$prefix"
check "the examples are short" quietly short
check "they compile, flags before the source" quietly build before
check "and pass messages by name" quietly env IPCRING_BACKEND=memfd bash -c "$(declare -f pass); tmp=$tmp name=$name; pass"
check "they compile as ISO C, flags after the source" quietly build after
check "and pass messages by name" quietly env IPCRING_BACKEND=memfd bash -c "$(declare -f pass); tmp=$tmp name=$name; pass"
check "they link statically" quietly build static
check "and pass messages by name" quietly env IPCRING_BACKEND=memfd bash -c "$(declare -f pass); tmp=$tmp name=$name; pass"
check "a sender alone is told why" quietly alone
check "ipcring.h is ISO C" quietly header gcc -std=c11 ipcring.h
check "ipcring.h is C++" quietly header g++ -std=c++11 ipcring.h
check "ipcring.h is ISO C for clang" quietly header clang -std=c11 ipcring.h
check "ipcring_pcq.h is ISO C" quietly header gcc -std=c11 ipcring_pcq.h
check "ipcring_pcq.h is C++" quietly header g++ -std=c++11 ipcring_pcq.h
check "ipcring/uring.h is C" quietly header gcc ipcring/uring.h
check "ipcring/uring.h is C++" quietly header g++ ipcring/uring.h
check "the library has what the headers say" quietly symbols
