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

# many NAME: four CPUs that take turns, pairs and a service on them.
many()
{
	scripts/vm --kernel 6.12 --insn --cpus 4 --no-module --out "$out/$1" -- sh -c '
		ipcscope run -q -m null,pipe,shm-futex -p pairs,fanin -P same-cpu --messages 50 \
			--blocks 2 --rounds 2 -j /out/r.json &&
		ipcscope run -q -m pipe -P amp --messages 50 --blocks 2 --rounds 2 -j /out/amp.json' \
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
echo "1..9"
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
many c
many d
[ -s "$out/c/r.json" ] && cmp "$out/c/r.json" "$out/d/r.json" &&
	[ -s "$out/c/amp.json" ] && cmp "$out/c/amp.json" "$out/d/amp.json"
result $? "two boots with four CPUs give the same result files"
valid "$out/c/r.json" && valid "$out/c/amp.json"
result $? "they are as the schema says, too"
grep -q 'whose CPUs execute one$' "$out/c.txt" && grep -q '"lambda": {' "$out/c/r.json"
result $? "a curve has its law, and what that means here"
scripts/vm --kernel 6.1 --insn --cpus 2 -- true >"$out/vm.txt" 2>&1
[ $? = 125 ] && grep -q 'counts on one CPU only' "$out/vm.txt"
result $? "a kernel whose CPUs would never come up is refused"
delays
result $? "known delays are recovered"
