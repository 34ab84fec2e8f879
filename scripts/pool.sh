# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Several commands at a time, whose outputs come one after the other, in the order in which
# they were given: the last line of one is not in the middle of the next.
#
# pool_begin DIRECTORY N; pool COMMAND...; pool_end.  Statuses are nobody's: what a command
# has to say is in its output.  A script that ends early takes its commands with it.

# pool_begin DIRECTORY N: at most N at a time, their outputs are kept in DIRECTORY.
pool_begin()
{
	pool_dir=$1 pool_max=$2 pool_made=0 pool_shown=0 pool_active=0
	rm -rf "$pool_dir"
	directory "$pool_dir"
	trap pool_kill EXIT
	trap exit INT TERM HUP
}

# Background commands of a script do not hear of an interrupt; of one with job control each
# has a process group of its own. A shell that was just forked loses a signal which its
# parent has a trap for, so they are told again, and at last not asked.
pool_kill()
{
	local job signal jobs

	jobs=$(jobs -p)
	[ -n "$jobs" ] || return 0
	for signal in TERM TERM KILL; do
		for job in $jobs; do
			kill -s $signal -- "-$job" 2>/dev/null || true
		done
		[ $signal = KILL ] || sleep 0.5
	done
}

# pool_show: what has ended and has nothing before it that has not.
pool_show()
{
	while [ -e "$pool_dir/$pool_shown.end" ]; do
		cat "$pool_dir/$pool_shown"
		pool_shown=$((pool_shown + 1))
	done
}

# pool_wait: until one has ended.
pool_wait()
{
	wait -n || true
	pool_active=$((pool_active - 1))
	pool_show
}

# pool COMMAND...: as soon as there is a place.  It may be a function.
pool()
{
	[ "$pool_active" -lt "$pool_max" ] || pool_wait
	set -m
	{
		set +m
		"$@" || true
		: >"$pool_dir/$pool_made.end"
	} >"$pool_dir/$pool_made" </dev/null &
	set +m
	pool_made=$((pool_made + 1)) pool_active=$((pool_active + 1))
}

pool_end()
{
	while [ "$pool_active" -gt 0 ]; do
		pool_wait
	done
	pool_show
}
