# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the tests of the debug kernels: plant/plant.c does something in a guest, rightly or
# wrongly, and the lab must know which.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$top/selftests/ktap.sh"

# build KERNEL: $tmp/tree is what the guest gets: the scripts, the module, and plant.ko.
build()
{
	local module plant

	module=$("$top/scripts/kmod" "$1") || return
	plant=$(OUT=$top/build/lab KMOD=$top/selftests/lab/plant "$top/scripts/kmod" "$1") || return
	ko=build/$(basename "${plant%/*}")/plant.ko
	mkdir "$tmp/tree" && cp -r "$top/scripts" "$tmp/tree/" &&
		install -D -t "$tmp/tree/${ko%/*}" "$module" "$plant"
}

# lab KERNEL BUG [COMMAND...]: what the test is about: BUG of plant.c, as COMMAND does it (or
# insmod), which gets insmod's arguments.
lab()
{
	kernel=$1 bug=$2
	shift 2
	doing=("${@:-insmod}")
	echo "KTAP version 1"
	check "plant.ko is built" build "$kernel" 2>"$tmp/log"
}

# vm PLANTED: leaves $tmp/out, $tmp/log and status.
vm()
{
	status=0
	TREE=$tmp/tree "$top/scripts/vm" --kernel "$kernel" --cpus 2 -- \
		"${doing[@]}" "$ko" "bug=$bug" "planted=$1" >"$tmp/out" 2>"$tmp/log" </dev/null ||
		status=$?
}

# only PATTERN: scripts/vm failed the command for what matches it, and saw nothing else that
# begins a report: of a bug of each class, what the kernel says first.
only()
{
	local first='BUG: |WARNING: |kmemleak: |UBSAN: |refcount_t: |general protection|panic'

	[ "$status" = 99 ] && grep -qE "$1" "$tmp/log" &&
		! grep -E "^[0-9]+:.*($first)" "$tmp/log" | grep -vE "$1" | grep .
}

# caught PATTERN, spared: each in a guest of its own.
caught()
{
	vm 1
	check "planted, it is caught, and taken for nothing else" only "$1"
}

spared()
{
	vm 0
	check "the same without the bug is not" [ "$status" = 0 ]
}
