#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What sending a message to a per-CPU queue costs, and that the local lane locks nothing:
# every instruction between the marks is counted by the emulator. "locked" are those with
# a lock prefix, xchg with memory and mfence; the guest's kernel keeps its lock prefixes
# (noreplace-smp) although it has one CPU.

cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
plugin=$out/insn_count.so
messages=1024 count=0

# count WAY [ENVIRONMENT...]: leaves $out/WAY.tsv: instructions, group, function, locked.
count()
{
	local way=$1
	shift

	rm -rf "$out/run"
	# shellcheck disable=SC2016 # for the guest's shell
	scripts/vm --insn --append noreplace-smp --out "$out/run" \
		--plugin "$plugin,out=$out/counts" -- \
		sh -c 'gzip </proc/kallsyms >/out/symbols.gz; way=$1; shift
			exec env "$@" build/selftests/insn/pcq "$way"' sh "$way" "$@" \
		>"$out/said" 2>&1 </dev/null || { sed 's/^/# /' "$out/said"; return 1; }
	{
		zcat "$out/run/symbols.gz" | awk '$2 ~ /[tTwW]/ { print $1, "s", $3 $4 }'
		awk '$1 != "windows" { print $1, "z", $2, $3 }' "$out/counts"
	} | sort | awk -v messages=$messages -f scripts/where.awk >"$out/$way${1:+-off}.tsv"
}

# sum FILE GROUPS COLUMN: of the functions of such groups ("" all), per message.
sum()
{
	awk -F '\t' -v groups="$2" -v column="$3" \
		'$2 ~ groups { s += $column } END { printf "%.2f", s }' "$out/$1.tsv"
}

# check CONDITION WORDS: one result
check()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count $2"
	else
		echo "not ok $count $2"
	fi
}

# between LOW X HIGH
between()
{
	awk -v a="$1" -v x="$2" -v b="$3" 'BEGIN { exit !(x >= a && x <= b) }'
}

gcc -std=gnu11 -O2 -shared -fPIC -fvisibility=hidden -o "$plugin" \
	scripts/insn_count.c scripts/insn_stack.c || exit

echo "TAP version 13"
ways=(rseq rseq-16 rseq-4080 write write-16 write-4080 remote remote-16)
for way in "${ways[@]}"; do
	count "$way"
	check $? "$way is counted"
done
count rseq GLIBC_TUNABLES=glibc.pthread.rseq=0
check $? "rseq without rseq is counted"
printf '# %-12s %10s %10s %10s %10s\n' 64-bytes all user module locked
for way in "${ways[@]}" rseq-off; do
	printf '# %-12s %10s %10s %10s %10s, %s in the module\n' "$way" "$(sum "$way" "" 1)" \
		"$(sum "$way" user 1)" "$(sum "$way" module 1)" "$(sum "$way" "" 4)" \
		"$(sum "$way" module 4)"
	awk -F '\t' '$4 > 0.005 { print "#   " $4, $3 }' "$out/$way.tsv"
done
between 0 "$(sum rseq "" 4)" 0.1
check $? "rseq: no locked instruction (a timer's may be among a thousand messages)"
between 0 "$(sum rseq "user|module" 4)" 0
check $? "rseq: none in the library and in the module"
between 0 "$(sum rseq "" 1)" 200
check $? "rseq: fewer than 200 instructions"
between 0 "$(sum write module 4)" 0
check $? "write(), local lane: no locked instruction in the module"
between 1 "$(sum remote module 4)" 3
check $? "write(), remote lane: the module's exchange and its barrier are seen"
echo "1..$count"
