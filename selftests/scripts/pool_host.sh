#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/pool.sh: so many at a time and no more, outputs in order and whole, and nothing that
# survives an interrupt.

. "$(dirname "$0")/../ktap.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
mkfifo "$tmp/token" "$tmp/ready"

cat >"$tmp/script" <<EOF
. "$top/scripts/lib.sh"
. "$top/scripts/pool.sh"
waits() { read -r _ <"$tmp/token"; echo first; }
lets() { echo second; echo >"$tmp/token"; }
fails() { echo third; false; echo after; }
span() { echo + >>"$tmp/spans"; cat /proc/uptime >/dev/null; echo - >>"$tmp/spans"; }
# The ready one has a child that nobody but its group leads to.
stays() { cat "$tmp/token" & echo \$! >"$tmp/ready"; wait; }
EOF

# run BODY: the script with it, its output in out.
run()
{
	{ cat "$tmp/script"; echo "$1"; } >"$tmp/run"
	out=$(timeout 20 bash "$tmp/run" 2>"$tmp/log")
	status=$?
}

order()
{
	run "pool_begin $tmp/pool 2; pool waits; pool lets; pool_end"
	[ "$status:$out" = "0:first"$'\n'"second" ]
}

failure()
{
	run "pool_begin $tmp/pool 2; pool fails; pool echo fourth; pool_end"
	[ "$status:$out" = "0:third"$'\n'"after"$'\n'"fourth" ]
}

# most N: how many spans were open at once.
most()
{
	: >"$tmp/spans"
	run "pool_begin $tmp/pool $1; for i in {1..40}; do pool span; done; pool_end"
	awk -v max="$1" '{ open += $0 == "+" ? 1 : -1; if (open > most) most = open }
		END { exit !(NR == 80 && most <= max) }' "$tmp/spans"
}

interrupt()
{
	local child script

	{ cat "$tmp/script"; echo "pool_begin $tmp/pool 2; pool stays; pool_end"; } >"$tmp/run"
	bash "$tmp/run" >/dev/null 2>"$tmp/log" &
	script=$!
	read -r child <"$tmp/ready"
	kill -0 "$child" || return
	kill -TERM "$script"
	wait "$script"
	# A process that was killed goes when it comes to it.
	timeout 20 tail --pid="$child" -f /dev/null
}

echo "KTAP version 1"
echo "1..5"
check "a command that waits for the next one: both run, and the first is first" order
check "one that fails has its output, and the next ones run" failure
check "one at a time" most 1
check "two at a time, never three" most 2
check "an interrupt takes all of them" interrupt
