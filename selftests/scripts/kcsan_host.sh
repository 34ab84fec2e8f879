#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A data race of a module fails a command on 6.1-kcsan, and one of the kernel itself
# does not: what becomes of the reports. A real one is selftests/lab/race_host.sh's.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../ktap.sh"

# report TITLE FRAME... -- FRAME...: as KCSAN writes one, with the two stacks.
report()
{
	printf '[    1.5][    T7] %s\n' "=================================" "BUG: KCSAN: $1" "" \
		"write to 0xffff888000000000 of 8 bytes by task 7 on cpu 0:"
	shift
	for frame; do
		if [ "$frame" = -- ]; then
			printf '[    1.5][    T7] %s\n' "" "1 lock held by x/7:" \
				" #0: ffff8880 (&end->xfer){+.+.}, at: ipcring_write_iter+0x1/0x9 [ipcring]" "" \
				"read to 0xffff888000000000 of 8 bytes by interrupt on cpu 1:"
		else
			printf '[    1.5][    T7]  %s\n' "$frame"
		fi
	done
	printf '[    1.5][    T7] %s\n' "" "Reported by Kernel Concurrency Sanitizer on:" \
		"================================="
}

# left: what is still a complaint of the log on stdin.
left()
{
	awk -f "$top/scripts/kcsan.awk" | tee "$tmp/log" | grep -E -f "$top/scripts/complaints"
}

ours="data-race in ipcring_poll [ipcring] / ipcring_send [ipcring]"
core="data-race in hrtimer_active / __hrtimer_run_queues"
copy="data-race in _copy_from_iter / _copy_to_iter"

# What becomes of the report in $tmp/in.
kept()		{ left <"$tmp/in" | grep -q KCSAN; }
dropped()	{ ! left <"$tmp/in"; }
after()		{ left <"$tmp/in" | grep -q 'BUG: sleeping'; }
whole()		{ cmp <(awk -f "$top/scripts/kcsan.awk" "$tmp/in") "$tmp/in"; }

echo "KTAP version 1"
echo "1..8"

report "$ours" "ipcring_poll+0x1/0x9 [ipcring]" -- "ipcring_send+0x1/0x9 [ipcring]" >"$tmp/in"
check "a race of a module is kept" kept
check "and nothing of it is changed" whole
report "$copy" "_copy_from_iter+0x1/0x9" "ipcring_send+0x1/0x9 [ipcring]" -- "_copy_to_iter+0x1/0x9" >"$tmp/in"
check "a race in what the kernel does for a module is kept" kept
report "$core" "hrtimer_active+0x1/0x9" -- "__hrtimer_run_queues+0x1/0x9" >"$tmp/in"
check "a race of the kernel is dropped, whatever locks were held" dropped
report "data-race in __alloc_file / __alloc_file" "__alloc_file+0x1/0x9" \
	"ipcring_new_file+0x1/0x9 [ipcring]" -- "__alloc_file+0x1/0x9" "ipcring_new_file+0x1/0x9 [ipcring]" >"$tmp/in"
check "one of every new file is not a module's" dropped
report "$core" "hrtimer_active+0x1/0x9" -- "__hrtimer_run_queues+0x1/0x9" "asm_sysvec_x+0x1/0x2" \
	"ipcring_poll+0x1/0x9 [ipcring]" >"$tmp/in"
check "a race of an interrupt is not of the module that it hit" dropped
{
	cat "$tmp/in"
	echo "[    1.6][    T7] BUG: sleeping function called from invalid context"
} >"$tmp/more"
mv "$tmp/more" "$tmp/in"
check "what is said after it is kept" after
report "$core" "hrtimer_active+0x1/0x9" | head -n 4 >"$tmp/in"
check "a report that is cut off is kept" kept
