#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/ab: a wrong argument is no verdict, the verdict on results that are there is
# the exit status, and a planted cost is found in a guest, in its cell and phase.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../ktap.sh"

# ab ARGUMENT...: sets out and status.
ab()
{
	out=$("$top/scripts/ab" --out "$tmp/out" "$@" 2>"$tmp/log" </dev/null)
	status=$?
}

# refused WORD ARGUMENT...: status 125, one line that has WORD in it, nothing measured.
refused()
{
	local word=$1
	shift

	ab "$@"
	check "refused: $*" [ "$status:$out:$(grep -cF -- "$word" "$tmp/log"):$(wc -l <"$tmp/log")" = 125::1:1 ]
}

# side NAME STATUS COST...: a directory of results, one run for each COST.
side()
{
	local name=$1 state=$2 cost seed=0
	shift 2

	mkdir -p "$tmp/$name"
	: >"$tmp/$name/vm"
	for cost; do
		seed=$((seed + 1))
		cat >"$tmp/$name/$seed.json" <<-END
			{ "schema": "ipcscope-result/1", "complete": true,
			  "manifest": { "runs": [ { "kernel": { "release": "$name", "cmdline": "" } } ] },
			  "cells": [ { "id": "pipe", "def": "0", "run": 0, "status": "$state",
			  "reason": null, "unit": "insn", "cost": { "per_msg": $cost, "ci95": null } } ] }
		END
	done
}

# verdict NAME WANT A B
verdict()
{
	ab "$tmp/$3" "$tmp/$4"
	check "$1" [ "$status" = "$2" ]
}

# found: 300 instructions more in a send of ring, in its phase, and nowhere else.
found()
{
	[ "$status" = 1 ] && printf '%s\n' "$out" | awk '
		/^slower/			{ part = "slower"; next }
		/^(faster|unsure|the same|not)/	{ part = "" }
		part && $1 ~ /^ring\//		{ cells++; ring += $5 >= 3 }
		part && $1 !~ /^ring\// && $1 ~ /\//	{ others++ }
		part && $1 == "*"		{ phase[$2]++ }
		END { exit !(cells == 1 && !others && phase["copy-in"] == 1 && length(phase) == 1) }'
}

echo "KTAP version 1"
echo "1..14"

refused "0 kernels" --seeds 3
refused "there is no B" 6.1
refused "3 kernels" 6.1 6.12 7.3
refused "--seeds 1" --seeds 1 6.1 6.12
refused "--seeds many" --seeds many 6.1 6.12
refused "--b speed=9" 6.1 --b speed=9
refused "--fast" --fast 6.1 6.12
refused "9.9-nt" 6.1 --b append=x 9.9-nt

side good ok 1000 1001 1002 999 998
side alike ok 1001 1000 1003 998 1000
side slow ok 1100 1101 1102 1099 1098
side wild ok 500 4000 900 1500 7000
side broken fail 1000 1001 1002 999 998
verdict "no change: 0" 0 good alike
verdict "slower: 1" 1 good slow
verdict "faster: 0" 0 slow good
verdict "too much spread: 125" 125 good wild
verdict "a failed cell: 125" 125 good broken

ab --seeds 5 6.1 --b append=ipcring.inject_send=300 -- --trace --mech pipe,ring \
	--pattern pingpong --messages 100 --warmup 20 --blocks 1 --rounds 4 --placement same-cpu
check "a planted cost is found, in its cell and its phase only" found
