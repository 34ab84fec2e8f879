#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Which commit made a pipe slower?  For `git bisect run`, in a kernel tree:
#
#   $ mkdir -p ../bisect/obj && cp ~/kernel.config ../bisect/obj/.config
#                                   one that boots in QEMU: serial console, initramfs,
#                                   devtmpfs, modules, debugfs; BTF for the phases
#   $ ~/ipcscope/examples/bisect.sh v6.6        once: measures the good one
#   $ git bisect start v6.12 v6.6
#   $ git bisect run ~/ipcscope/examples/bisect.sh
#
# MECH=LIST asks for another mechanism, SEEDS=N for more boots (8), THRESHOLD=P for
# changes from P % (5; git bisect looks for one step, not for the smallest).
#
# Exit status: 0 as fast as the good one, 1 slower, 125 skip: it does not build or boot.

ipcscope=$(cd "$(dirname "$0")/.." && pwd) || exit 125
work=$(cd .. && pwd)/bisect
mech=${MECH:-pipe} seeds=${SEEDS:-8} threshold=${THRESHOLD:-5}

# Objects stay where they are, so that each step builds only what changed.
build()
{
	make -s O="$work/obj" olddefconfig && make -s O="$work/obj" -j"$(nproc)" bzImage modules
}

# measure A: the kernel that was built against A.
measure()
{
	"$ipcscope/scripts/ab" --seeds "$seeds" --threshold "$threshold" --out "$work/last" \
		"$1" "$work/obj/arch/x86/boot/bzImage:$work/obj" -- \
		--trace --mech "$mech" --messages 500 --blocks 1 --rounds 6 --placement same-cpu
}

if [ $# = 1 ]; then
	git checkout -q "$1" && build || exit 125
	# Against itself, which must say 0; one side of it is the base of the steps.
	measure "$work/obj/arch/x86/boot/bzImage:$work/obj" || exit 125
	rm -rf "$work/good" && cp -r "$work/last/a" "$work/good"
	exit
fi
# 128 ends the bisection: to skip all of it would help nobody.
if [ ! -e "$work/good/vm" ]; then
	echo "bisect.sh: no good kernel was measured; run bisect.sh COMMIT first" >&2
	exit 128
fi
build >"$work/build.log" 2>&1 || exit 125
measure "$work/good"
