#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a newcomer does: install libipcring below a prefix, compile against it by
# pkg-config, run the example pair as two processes that meet by name.

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
count=0 prefix=$dir/prefix name=install.$$
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
unset LD_LIBRARY_PATH CFLAGS LDFLAGS
strict=(-Wall -Wextra -Werror -pedantic)

# check WORDS COMMAND...: one result, that COMMAND succeeds; what it says if it does not.
check()
{
	local words=$1
	shift

	count=$((count + 1))
	if "$@" >"$dir/log" 2>&1 </dev/null; then
		echo "ok $count $words"
	else
		sed 's/^/# /' "$dir/log"
		echo "not ok $count $words"
	fi
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
		before)	cc $(flags) "examples/$example.c" -o "$dir/$example" ;;
		after)	cc -std=c11 "${strict[@]}" "examples/$example.c" $(flags) -o "$dir/$example" ;;
		static)	cc "examples/$example.c" $(flags --static) -static -o "$dir/$example" ;;
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
	printf '#include <%s>\nint main(void) { return 0; }\n' "$header" >"$dir/a.$language"
	printf '#include <%s>\nint b;\n' "$header" >"$dir/b.$language"
	# shellcheck disable=SC2046 # flags are words
	"${@:1:$#-1}" "${strict[@]}" "$dir"/[ab]."$language" $(flags) -o "$dir/header"
}

# The functions that the header declares are those that the library has, and no more.
symbols()
{
	diff <(grep -hoE '^[a-z_].*\bipcring_[a-z_]+\(' "$prefix/include/ipcring.h" |
		grep -v '^static' | grep -oE 'ipcring_[a-z_]+\($' | tr -d '(' | sort) \
		<(nm -D --defined-only "$prefix/lib/libipcring.so" | sed -n 's/.* T \(.*\)@@IPCRING_0/\1/p' | sort)
}

# pass: what is sent arrives; the receiver is there when its name is.
pass()
{
	local receiver status=0

	seq 1 5000 >"$dir/in"
	"$dir/receiver" "$name" >"$dir/out" &
	receiver=$!
	until "$dir/sender" "$name" <"$dir/in" 2>"$dir/why"; do
		grep -q 'no channel of that name' "$dir/why" && kill -0 $receiver && continue
		cat "$dir/why"
		return 1
	done
	wait $receiver || status=$?
	[ $status = 0 ] && cmp "$dir/in" "$dir/out" && [ ! -e "/dev/shm/ipcring.$name" ]
}

alone()
{
	! "$dir/sender" "$name" 2>&1 | grep -v 'no channel of that name'
}

echo "TAP version 13"
echo "1..15"
check "make install" make --no-print-directory install-lib PREFIX="$prefix"
check "the examples are short" short
check "they compile, flags before the source" build before
check "and pass messages by name" env IPCRING_BACKEND=memfd bash -c "$(declare -f pass); dir=$dir name=$name; pass"
check "they compile as ISO C, flags after the source" build after
check "and pass messages by name" env IPCRING_BACKEND=memfd bash -c "$(declare -f pass); dir=$dir name=$name; pass"
check "they link statically" build static
check "and pass messages by name" env IPCRING_BACKEND=memfd bash -c "$(declare -f pass); dir=$dir name=$name; pass"
check "a sender alone is told why" alone
check "ipcring.h is ISO C" header gcc -std=c11 ipcring.h
check "ipcring.h is C++" header g++ -std=c++11 ipcring.h
check "ipcring.h is ISO C for clang" header clang -std=c11 ipcring.h
check "ipcring/uring.h is C" header gcc ipcring/uring.h
check "ipcring/uring.h is C++" header g++ ipcring/uring.h
check "the library has what the header says" symbols
