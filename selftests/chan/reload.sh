#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Load and unload the module 100 times while another process uses the device all
# the time. No message may be in dmesg afterwards, and each load must be used.
#
#   reload.sh [MODULE]	default: build/<release>/ipcring.ko of this tree

here=$(dirname "$0")
ko=${1:-$here/../../$(uname -r)/ipcring.ko}
rounds=${ROUNDS:-100}
count=$(mktemp) log=$(mktemp)
pid=

skip()
{
	echo "ok 1 # SKIP $1"
	exit 4
}

fail()
{
	echo "not ok 1 reload: $1"
	exit 1
}

finish()
{
	[ -z "$pid" ] || kill "$pid"
	rm -f "$count" "$log"
}
trap finish EXIT

loaded()
{
	grep -q '^ipcring ' /proc/modules
}

# The other process holds a reference most of the time: -EBUSY is the rule.
unload()
{
	until rmmod ipcring 2>/dev/null; do
		kill -0 "$pid" 2>/dev/null || fail "the user of the device gave up"
	done
}

used()
{
	wc -l <"$count"
}

echo 'TAP version 13'
echo 1..1
[ "$(id -u)" = 0 ] || skip 'not root'
[ -f "$ko" ] || skip "$ko: no module; name it as the argument"
# The first load of an unsigned module of no kernel tree taints, and says so.
loaded || insmod "$ko" || skip "$ko: does not load here"
dmesg >"$log"

"$here/hammer" "$count" &
pid=$!
unload
i=0
while [ $i -lt "$rounds" ]; do
	before=$(used)
	insmod "$ko" || fail "insmod, round $i"
	while [ "$(used)" = "$before" ]; do
		kill -0 "$pid" 2>/dev/null || fail "the user of the device gave up"
	done
	unload
	i=$((i + 1))
done
insmod "$ko" || fail 'the last insmod'

# A young guest's clock settles meanwhile, and says so.
new=$(dmesg | tail -n +$(($(wc -l <"$log") + 1)) | grep -Ev '(tsc|clocksource): ')
[ -z "$new" ] || { echo "$new" | sed 's/^/# /'; fail 'the kernel said something'; }
echo "# $rounds loads, $(used) channels lived meanwhile"
echo 'ok 1 reload'
