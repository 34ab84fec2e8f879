#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/modules.sh: of packages like Debian's it takes the modules that it names, whole,
# with what modprobe wants to know, and one that lacks what another needs is refused.

. "$(dirname "$0")/../../scripts/lib.sh"
scripts=$here
. "$(dirname "$0")/../ktap.sh"
. "$scripts/modules.sh"
set +Ee
trap - ERR

# module NAME DEPENDS: as much of one as modinfo and depmod look at.
module()
{
	printf 'static const char d[] __attribute__((section(".modinfo"), used)) = "depends=%s";\n' "$2" |
		gcc -c -x c -o "$dir/$1.ko" -
}

# package NAME FILE...
package()
{
	local name=$1
	shift

	mkdir -p "$tmp/$name/DEBIAN" "$tmp/$name/lib/modules/9.9/kernel/deep/down"
	printf '%s: %s\n' Package test Version 1 Architecture all Maintainer none Description none >"$tmp/$name/DEBIAN/control"
	for file; do
		cp "$dir/$file" "$tmp/$name/lib/modules/9.9/kernel/deep/down/"
	done
	dpkg-deb -b "$tmp/$name" "$tmp/$name.deb" >"$tmp/log"
}

# unpack DEB...: sets status and place.
unpack()
{
	rm -rf "$tmp/to"
	mkdir "$tmp/to"
	(set -e; unpack_modules "$tmp/to" 9.9 "$@") >"$tmp/log" 2>&1
	status=$?
	place=$(modules_place "$tmp/to")
}

echo "KTAP version 1"
echo "1..10"

dir=$tmp/ko
modules=(one two_b three)
mkdir "$dir"
module one ""
module two-b one
module three two-b,one
module onemore ""
module lost nowhere
xz -k "$dir/one.ko"
zstd -q "$dir/three.ko"
package plain two-b.ko onemore.ko
package packed one.ko.xz three.ko.zst
package nothing onemore.ko
package half two-b.ko

unpack "$tmp/plain.deb" "$tmp/nothing.deb" "$tmp/packed.deb"
check "it succeeds, and says nothing" [ "$status:$(cat "$tmp/log")" = 0: ]
check "the modules that are named, and no other" [ "$(cd "$place" && echo ./*.ko)" = "./one.ko ./three.ko ./two_b.ko" ]
check "they are what they were" cmp "$place/two_b.ko" "$dir/two-b.ko"
check "xz is undone" cmp "$place/one.ko" "$dir/one.ko"
check "zstd is undone" cmp "$place/three.ko" "$dir/three.ko"
check "nothing else is left" [ "$(ls "$tmp/to")" = "${place##*/}" ]
# depmod goes by symbols, which these have none of.
check "modprobe finds them" [ "$(cut -d: -f1 "$place/modules.dep" | sort | tr '\n' ' ')" = "one.ko three.ko two_b.ko " ]

unpack "$tmp/half.deb"
check "a module that needs another is refused" [ "$status:$(grep -c 'two_b.ko of kernel 9.9 needs one' "$tmp/log")" = 4:1 ]
unpack "$tmp/nothing.deb"
check "a kernel without any is refused" [ "$status:$(wc -l <"$tmp/log")" = 4:1 ]
first=$place
modules+=(lost)
check "another list is another directory" [ "$(modules_place "$tmp/to")" != "$first" ]
