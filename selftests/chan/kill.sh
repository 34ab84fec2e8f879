#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kill -9 at random points of every path (kill.c), then what is left of it all:
# kmemleak's opinion where the kernel has one, the module's areas of vmalloc()
# and whether it unloads.
#
#   [POINTS=N] [SEED=N] kill.sh [MODULE]	default: 120 points, and
#						build/<release>/ipcring.ko of this tree

here=$(dirname "$0")
ko=${1:-$here/../../$(uname -r)/ipcring.ko}
kmemleak=/sys/kernel/debug/kmemleak

areas()
{
	grep -c '\[ipcring\]' /proc/vmallocinfo
}

skip()
{
	echo "ok $1 # SKIP $2"
}

# result NUMBER NAME: of the last command.
result()
{
	if [ $? = 0 ]; then
		echo "ok $1 $2"
	else
		echo "not ok $1 $2"
		failed=1
	fi
}

failed=0
if [ ! -c /dev/ipcring ] || [ "$(id -u)" != 0 ]; then
	skip 1 'no /dev/ipcring, or not root'
	exit 4
fi
before=$(areas)
[ ! -w $kmemleak ] || echo clear >$kmemleak
"$here/kill" "${POINTS:-120}" ${SEED:+"$SEED"} || failed=1

echo 'TAP version 13'
echo 1..3
echo "# vmalloc areas: $before before, $(areas) after"
[ "$(areas)" = "$before" ]
result 1 'no mapping of a dead channel is left'

if [ ! -w $kmemleak ]; then
	skip 2 'kmemleak: not in this kernel; boot 6.1-kasan'
else
	# A pointer may be in a register during the first scan.
	echo scan >$kmemleak
	echo scan >$kmemleak
	found=$(grep -A 30 '^unreferenced' $kmemleak | grep -c '\[ipcring\]')
	[ "$found" = 0 ] || sed 's/^/# /' $kmemleak
	[ "$found" = 0 ]
	result 2 'kmemleak finds nothing of the module'
fi

if [ ! -f "$ko" ]; then
	skip 3 "$ko: no module; name it as the argument"
else
	rmmod ipcring && insmod "$ko"
	result 3 'the module unloads'
fi
exit $failed
