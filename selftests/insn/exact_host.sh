#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Instruction mode is exact: the same image and seed give the same bytes, and a
# known number of instructions is found again.

cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
count=0

result()
{
	local status=$1
	shift
	count=$((count + 1))
	if [ "$status" = 0 ]; then
		echo "ok $count $*"
	else
		echo "not ok $count $*"
	fi
}

# run NAME: every mechanism and probe set, briefly.
run()
{
	scripts/vm --insn --seed 7 --out "$out/$1" -- ipcscope run --quiet --trace \
		--placement same-cpu --messages 50 --blocks 2 --rounds 2 --json /out/r.json \
		>"$out/$1.txt" 2>&1 || sed 's/^/# /' "$out/$1.txt"
}

# The harness prints KTAP of its own; its last line has the sum.
delays()
{
	scripts/vm --insn -- build/selftests/insn/delay >"$out/delay" 2>&1
	sed -n 's/^# *\(.* added, .*\)/# \1/p' "$out/delay"
	grep -q '^# Totals: pass:3 fail:0 xfail:0 xpass:0 skip:0 error:0' "$out/delay" ||
		! sed 's/^/# /' "$out/delay"
}

# valid FILE: Debian's python3, whichever other is first in PATH.
valid()
{
	/usr/bin/python3 -m jsonschema -i "$1" user/result.schema.json 2>&1 | sed 's/^/# /'
	return "${PIPESTATUS[0]}"
}

echo "TAP version 13"
echo "1..5"
run a
run b
[ -s "$out/a/r.json" ] && cmp "$out/a/r.json" "$out/b/r.json"
result $? "two boots of one image and seed give the same result file"
grep -q '"unit": "insn"' "$out/a/r.json"
result $? "its unit is instructions"
valid "$out/a/r.json"
result $? "it is as user/result.schema.json says"
sed '0,/"status": "ok"/s//"status": "fine"/' "$out/a/r.json" >"$out/bad.json"
! valid "$out/bad.json" >"$out/bad.txt"
result $? "a wrong one would not be"
delays
result $? "known delays are recovered"
