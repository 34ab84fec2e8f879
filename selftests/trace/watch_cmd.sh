#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest, as root: the command line of ipcscope trace; what the traced program does and
# says is its own.

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0

# check NAME COMMAND...
check()
{
	name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n $name"
	else
		sed 's/^/# /' "$dir/err"
		echo "not ok $n $name"
		failed=1
	fi
}

# traced WORDS...: sets status; stdout and stderr are in files.
traced()
{
	ipcscope trace "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

echo "TAP version 13"
echo "1..12"

traced
check "nothing to trace is a wrong argument" [ $status = 2 ]
traced -a -p 1
check "two ways at once, too" [ $status = 2 ]
traced --tail 0 true
check "no slowest message, too" [ $status = 2 ]
traced -p 4194304
check "a process that is not there" [ $status = 3 ]
traced /nonesuch
check "a command that is not there" [ $status = 127 ]
check "is said to be so" grep -q '/nonesuch: No such file' "$dir/err"

# shellcheck disable=SC2016 # for the traced shell
traced --json "$dir/json" sh -c \
	'(i=0; while [ $i -lt 40 ]; do echo $i; i=$((i + 1)); done) | cat | wc -l; exit 7'
check "the command's exit status" [ $status = 7 ]
check "its output, and nothing else" [ "$(tr -d ' ' <"$dir/out")" = 40 ]
check "the shell's forty messages to cat" grep -q '40 messages, 110 bytes' "$dir/err"
check "nothing was lost" grep -q '"violated": *false' "$dir/json"

traced --perfetto "$dir/perfetto" --tail 1 sh -c 'echo 1 | cat'
check "an arrow has both ends" [ "$(grep -c '"ph":"s"' "$dir/perfetto")" = \
	"$(grep -c '"ph":"f"' "$dir/perfetto")" ]
check "who ran meanwhile is named" grep -q 'CPU [0-9]*: .*[0-9] x)' "$dir/err"

exit $failed
