#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/ktap-table: every program of every kernel is in its cell.

table=$(dirname "$0")/../../scripts/ktap-table
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0

# expect NAME: the table of $tmp/ktap is what stdin says.
expect()
{
	n=$((n + 1))
	if diff -u - <("$table" "$tmp/ktap" 2>&1) >"$tmp/diff"; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
		sed 's/^/# /' "$tmp/diff"
	fi
}

echo "KTAP version 1"
echo "1..3"

cat >"$tmp/ktap" <<'END'
KTAP version 1
# suite lint
KTAP version 1
1..2
ok 1 a
ok 2 b
# suite-end lint 0
# suite 6.1/chan/abi
1..3
ok 1 a
not ok 2 b
ok 3 c # SKIP no device
# suite-end 6.1/chan/abi 1
# suite 6.1-rt/chan/abi
1..3
ok 1 a
ok 2 b
ok 3 c
# suite-end 6.1-rt/chan/abi 0
# suite 6.1-rt/cmd/plain.sh
# suite-end 6.1-rt/cmd/plain.sh 4
# suite 6.1-kasan/chan/abi
1..3
ok 1 a
# suite 6.1-kasan/chan/rw
1..2
ok 1 a
END
expect "passed, failed, skipped, died and did not run" <<'END'
              host      6.1  6.1-rt  6.1-kasan
lint             2        -       -          -
chan/abi         -  1/1F/1s       3       1/1F
cmd/plain.sh     -        -    0/1s          -
chan/rw          -        -       -       1/1F
END

# refused NAME WORD ARGUMENT...: status 125, and one line that has WORD in it.
refused()
{
	local name=$1 word=$2 status
	shift 2

	"$table" "$@" >"$tmp/stdout" 2>"$tmp/stderr"
	status=$?
	n=$((n + 1))
	if [ "$status:$(grep -cF -- "$word" "$tmp/stderr"):$(wc -l <"$tmp/stderr"):$(wc -c <"$tmp/stdout")" = 125:1:1:0 ]; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		sed 's/^/# /' "$tmp/stderr"
	fi
}

refused "no such file" "$tmp/nowhere" "$tmp/nowhere"
refused "no KTAP" "no suites" /dev/null
