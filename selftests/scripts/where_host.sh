#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # for eval, or the guest
# scripts/where: no instruction is lost between the emulator and the table, and each
# goes to the function it lies in.

. "$(dirname "$0")/../../scripts/lib.sh"
. "$here/where.sh"
. "$here/flame.sh"
. "$(dirname "$0")/../ktap.sh"
set +Ee
trap - ERR
top=$TREE

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

# folded LINE...: the stacks of these places, called as their addresses are, in byte order.
folded()
{
	printf '%s\n' "$@" >"$tmp/places"
	awk '{ print $3, "s", substr($3, 14); print $3, "z" }' "$tmp/places" | sort -u |
		awk -v top=mech -f "$top/scripts/flame.awk" - "$tmp/places" | sort
}

# Of what a made up guest did, see insn_stack.c.
stacks()
{
	gcc -std=gnu11 -O1 -Wall -Wextra -Werror -I"$top/scripts" -o "$tmp/insn_stack" \
		"$top/selftests/scripts/insn_stack.c" "$top/scripts/insn_stack.c" >"$tmp/log" 2>&1 &&
		"$tmp/insn_stack" "$tmp/stacks" && mapfile -t places <"$tmp/stacks" && folded "${places[@]}" >"$tmp/log"
	diff "$tmp/log" - <<-'END'
		mech;010;020 1
		mech;100 2
		mech;100;200 2
		mech;100;201 2
		mech;100;201;300 2
		mech;100;201;301 2
		mech;100;206 2
		mech;100;207 2
		mech;105 2
		mech;700 1
		mech;700;800 1
		mech;700;801 1
		mech;700;802 1
		mech;705 1
		mech;900 1
		mech;900;9f0 1
		mech;b00 1
		mech;b00;b80 1
		mech;b00;b80;c00 1
		mech;b00;b80;c01 1
		mech;b00;b85 1
		mech;b05 1
		mech;d00 1
		mech;d00;d80 1
		mech;d00;d86 1
		mech;d00;e00 1
		mech;d00;e20 1
		mech;d00;e20;e28 1
		mech;d00;e20;e30 1
		mech;d00;e30;e38 1
		mech;d00;e30;e39 1
		mech;d00;e40 1
		mech;d00;e40;e48 1
		mech;d00;e45 1
		mech;user space 6
	END
}

# Chains end where the kernel was entered, and functions are summed up.
folds()
{
	printf '%s\n' "f0 s pipe_read" "f4 z" "f5 z" "f8 s asm_sysvec_timer" "f9 z" "fb s tick" "fc z" "fd z" \
		"e0 s entry_SYSCALL_64" "e1 z" "0 z" >"$tmp/symbols"
	printf '%s\n' "1 0 e1 3" "2 1 f4 10" "3 1 f5 100" "4 2 f9 0" "5 4 fc 7" "6 4 fd 8" "7 0 0 5" |
		awk -v top=pipe -f "$top/scripts/flame.awk" "$tmp/symbols" - | sort >"$tmp/log"
	diff "$tmp/log" - <<-'END'
		pipe;asm_sysvec_timer;tick 15
		pipe;entry_SYSCALL_64 3
		pipe;entry_SYSCALL_64;pipe_read 110
		pipe;user space 5
	END
}

# scripts/where itself compares its sum with the cost that the guest's clock gave.
measures()
{
	"$top/scripts/where" --top 5 --flame "$tmp/flame.folded" pipe >"$tmp/log" 2>&1 &&
		grep -q '^mechanism  *[1-9]' "$tmp/log" && grep -q 'mechanism.pipe_write.0.00$' \
			"$top/build/where/6.1-pingpong-pipe.tsv"
}

# The sum of the flame is that of the emulator's own counts, to the last instruction.
agrees()
{
	awk '{ calls += $NF } END { printf "%.0f\n", calls }' "$tmp/flame.folded" >"$tmp/log"
	awk '$1 != "windows" { all += $2 } END { printf "%.0f\n", all }' "$top/build/where/run/counts" |
		diff "$tmp/log" -
}

# So is that of each function; one that is off by one is named.
disagrees()
{
	(
		dir=$tmp label=x pattern=y run=$tmp/run
		mkdir -p "$run"
		echo "ffffffff81000000 T some" | gzip >"$run/symbols.gz"
		echo "ffffffff81000004 $1 0" >"$run/counts"
		echo "1 0 ffffffff81000004 7" >"$run/stacks"
		flame_fold pipe >"$tmp/log" 2>&1
	)
}

# A page that draws itself from what is in it.
page()
{
	flame_page "A title" 10 "$tmp/flame.folded" >"$tmp/page.html" && grep -q '<title>A title</title>' "$tmp/page.html" &&
		grep -q '^pipe;entry_SYSCALL_64.*;pipe_read [0-9]*$' "$tmp/page.html" &&
		grep -q 'data-messages="10"' "$tmp/page.html" && [ "$(grep -c '^<script>$' "$tmp/page.html")" = 3 ] &&
		! grep -E '^@|<(script|link|img)[^>]+(src|href)=' "$tmp/page.html" >"$tmp/log"
}

echo "KTAP version 1"
echo "1..11"
check "counts go to the function and the group they belong to" attributes
check "calls, returns, tasks, interrupts and thunks are followed" stacks
check "chains begin where the kernel was entered" folds
check "no mechanism is refused" refuses
check "an unknown option is refused" refuses --nonsense pipe
check "a bad number is refused" refuses --top many pipe
check "the functions of a pipe add up to its measured cost" measures
check "the calls add up to it as well" agrees
check "a function that agrees" disagrees 7
check "a function that does not is named" eval '! disagrees 8 && grep -q "8.some" "$tmp/log"'
if command -v npm >/dev/null || [ -d "$CACHE/npm/d3-flame-graph-5.0.0" ]; then
	(flame_library)
	library=$CACHE/npm
	check "a page that needs nothing else" page
else
	echo "ok 11 a page that needs nothing else # SKIP npm: command not found; install it, or give --flame FILE.folded"
fi
