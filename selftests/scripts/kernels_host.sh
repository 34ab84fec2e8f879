#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/kernels and scripts/in-root: wrong arguments are refused before anything
# is fetched or mounted, and what runs in another root cannot change it.

scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
. "$(dirname "$0")/../ktap.sh"
export XDG_CACHE_HOME=$tmp/cache

# run COMMAND...: sets out and status.
run()
{
	out=$("$@" 2>"$tmp/log")
	status=$?
}

# refused NAME STATUS WORD COMMAND...: one line on stderr, which has WORD in it.
refused()
{
	local name=$1 want=$2 word=$3
	shift 3

	run "$@"
	check "$name" [ "$status:$out:$(grep -cF -- "$word" "$tmp/log"):$(wc -l <"$tmp/log")" = "$want::1:1" ]
}

# A root directory with only busybox in it.
mkdir -p "$tmp"/root/{usr/bin,mnt,etc} "$tmp/taken along"
ln -s usr/bin "$tmp/root/bin"
cp "$(command -v busybox)" "$tmp/root/usr/bin/"
ln -s busybox "$tmp/root/usr/bin/sh"
root=$tmp/root

echo "KTAP version 1"
echo "1..18"

refused "kernels: no name" 2 "6.1 6.1-rt" "$scripts/kernels"
refused "kernels: unknown name" 2 9.9-nt "$scripts/kernels" 9.9-nt
refused "kernels root: unknown name" 2 9.9-nt "$scripts/kernels" root 9.9-nt
run "$scripts/kernels" root 6.1
check "kernels root: 6.1 needs none" [ "$status:$out" = 0: ]
run "$scripts/kernels" root 6.1-kasan
check "kernels root: nor does 6.1-kasan" [ "$status:$out" = 0: ]
refused "kernels modules: unknown name" 2 9.9-nt "$scripts/kernels" modules 9.9-nt
run "$scripts/kernels" modules 6.1-kasan
check "kernels modules: 6.1-kasan has none" [ "$status:$out" = 0: ]
run "$scripts/kernels" list
check "kernels list: a name that is not in the cache" grep -qx '7\.3-rt -' <<<"$out"
check "nothing was made" [ ! -e "$tmp/cache" ]

refused "in-root: no root" 125 "no root directory named" "$scripts/in-root"
refused "in-root: not a root" 125 "$tmp/nowhere" "$scripts/in-root" "$tmp/nowhere" -- true
refused "in-root: no command" 125 "no command" "$scripts/in-root" "$root" --
refused "in-root: no such directory" 125 /nowhere "$scripts/in-root" "$root" /nowhere -- true

run "$scripts/in-root" "$root" -- busybox true
if [ $status = 3 ]; then
	for name in status words directory written unchanged; do
		n=$((n + 1))
		echo "ok $n in-root: $name # SKIP $(cat "$tmp/log")"
	done
	exit
fi
run "$scripts/in-root" "$root" -- sh -c 'exit 77'
check "in-root: the command's status" [ $status = 77 ]
run "$scripts/in-root" "$root" -- busybox printf '[%s]' "a'b" 'c  d' -- "\$HOME"
check "in-root: arguments survive" [ "$out" = "[a'b][c  d][--][\$HOME]" ]
cd "$tmp/taken along" || exit
run "$scripts/in-root" "$root" "$tmp/taken along" -- sh -c 'pwd; echo new >file; echo lost >/lost; echo lost >/usr/lost'
check "in-root: the directory is the current one" [ "$out" = "$tmp/taken along" ]
check "in-root: what is written there stays" [ "$(cat file)" = new ]
check "in-root: all else is gone" [ -z "$(cd "$root" && find . -name lost -o -path './mnt/*')" ]
