#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The fuzzers, each for RUNS runs from a fixed seed.
top=$(cd "$(dirname "$0")/../.." && pwd)
runs=${RUNS:-300000} n=0 failed=0

echo "TAP version 13"
for fuzzer in "$top"/build/ring/fuzz_*; do
	[ -x "$fuzzer" ] || continue
	n=$((n + 1)) name=${fuzzer##*/}
	if found=$("$fuzzer" -seed=1 -runs="$runs" -max_len=512 -artifact_prefix="$top/build/ring/" \
		   -timeout=20 2>&1); then
		echo "ok $n $name: $runs runs"
	else
		tail -n 40 <<<"$found" | sed 's/^/# /'
		echo "not ok $n $name"
		failed=1
	fi
done
[ $n -gt 0 ] || { echo "not ok 1 no fuzzer was built"; n=1 failed=1; }
echo "1..$n"
exit $failed
