#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/where: no instruction is lost between the emulator and the table, and each
# goes to the function it lies in.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../ktap.sh"

# where LINE...: what the program makes of them for 10 messages, in byte order.
where()
{
	printf '%s\n' "$@" | awk -v messages=10 -f "$top/scripts/where.awk" | sort
}

attributes()
{
	where \
		"0000000000000000 z 50 0" \
		"ffffffff81000000 s entry_SYSCALL_64" \
		"ffffffff81000000 z 10 0" \
		"ffffffff81000004 z 10 10" \
		"ffffffff81000100 s pipe_write" \
		"ffffffff81000110 z 70 0" \
		"ffffffff81000200 s never_run" \
		"ffffffffc0000000 s ipcring_poll[ipcring]" \
		"ffffffffc0000001 z 5 5" >"$tmp/log"
	diff "$tmp/log" - <<-'END'
		0.5	module	ipcring_poll[ipcring]	0.50
		2.0	entry	entry_SYSCALL_64	1.00
		5.0	user	user space	0.00
		7.0	mechanism	pipe_write	0.00
	END
}

refuses()
{
	local status=0

	"$top/scripts/where" "$@" >"$tmp/log" 2>&1 || status=$?
	[ $status = 2 ] && [ "$(wc -l <"$tmp/log")" = 1 ]
}

# scripts/where itself compares its sum with the cost that the guest's clock gave.
measures()
{
	"$top/scripts/where" --top 5 pipe >"$tmp/log" 2>&1 &&
		grep -q '^mechanism  *[1-9]' "$tmp/log" && grep -q 'mechanism.pipe_write.0.00$' \
			"$top/build/where/6.1-pingpong-pipe.tsv"
}

echo "KTAP version 1"
echo "1..5"
check "counts go to the function and the group they belong to" attributes
check "no mechanism is refused" refuses
check "an unknown option is refused" refuses --nonsense pipe
check "a bad number is refused" refuses --top many pipe
check "the functions of a pipe add up to its measured cost" measures
