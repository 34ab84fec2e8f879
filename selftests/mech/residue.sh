#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest, as root: kill -9 of `ipcscope run` at random moments, and after the next start
# nothing of it is left anywhere: SysV IPC, POSIX queues, /dev/shm, /tmp, network namespaces
# and abstract sockets.
#
#   [KILLS=N] [SEED=N] residue.sh	default: 200 kills

kills=${KILLS:-200} seed=${SEED:-1}
dir=$(mktemp -d) || exit 1
count=0 failed=0
few="--quiet --messages 20 --warmup 5 --blocks 1 --rounds 10000 --wait all"
trap 'rm -rf "$dir"' EXIT

if [ "$(id -u)" != 0 ]; then
	echo "ok 1 # SKIP not root"
	exit 4
fi

verdict()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count $2"
	else
		echo "not ok $count $2"
		failed=1
	fi
}

# What there is, a line for each thing, without what changes by itself.
look()
{
	for table in msg sem shm; do
		awk -v table=$table 'NR > 1 { print "sysvipc/" table, $1, $2 }' "/proc/sysvipc/$table"
	done
	for place in /dev/mqueue /dev/shm /tmp /run/netns; do
		[ ! -d $place ] || find $place ! -path "$dir*" -mindepth 1
	done
	awk '$8 ~ /^@/ { print "abstract", $8 }' /proc/net/unix
}

# compare WORDS: what is there now and was not before, and the other way round.
compare()
{
	look | awk -v before="$dir/before" -v words="$1" '
		BEGIN { while ((getline line <before) > 0) was[line] }
		{
			is[$0]
			if (!($0 in was))
				print words, "left", $0
		}
		END {
			for (line in was)
				if (!(line in is))
					print words, "gone", line
		}'
}

# Workers go with their supervisor, and so does what they have open; be it a moment later.
alone()
{
	while pidof ipcscope >/dev/null; do
		:
	done
}

# names MECHANISM: does it name things? Then a run has a directory from its first launch on.
names()
{
	rm -f "$dir/progress"
	mkfifo "$dir/progress"
	# shellcheck disable=SC2086 # words
	ipcscope run ${few#--quiet} --mech "$1" >/dev/null 2>"$dir/progress" &
	while read -r line; do
		case $line in *"round 2 "*) break ;; esac
	done <"$dir/progress"
	ls -d /tmp/ipcscope-0/run-* >/dev/null 2>&1
	status=$?
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	alone
	return $status
}

# The moments: milliseconds from the start, of a run whose cells come in an order of its own.
moments()
{
	awk -v n="$kills" -v seed="$seed" 'BEGIN {
		srand(seed)
		for (i = 1; i <= n; i++)
			print i, int(rand() * (i % 4 ? 700 : 2500))
	}'
}

look >"$dir/before"
named=
for mech in $(ipcscope list --json - | sed -n 's/^  "name": "\(.*\)",$/\1/p'); do
	# One that cannot run here ends at once, without a second round.
	! names "$mech" || named=$named,$mech
done
named=${named#,}
ipcscope list >/dev/null

echo "TAP version 13"
echo "# these name things: $named"
[ "$(echo "$named" | tr ',' '\n' | wc -l)" -ge 8 ]
verdict $? "there are mechanisms that name things"

left=0 bad=0
: >"$dir/found"
moments >"$dir/moments"
while read -r i ms; do
	mech=$named
	[ $((i % 4)) != 0 ] || mech=all
	# shellcheck disable=SC2086 # words
	ipcscope run $few --mech $mech --seed "$i" >/dev/null 2>&1 &
	usleep $((ms * 1000))
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	alone
	[ -z "$(compare killed)" ] || left=$((left + 1))
	ipcscope list >/dev/null || bad=$((bad + 1))
	compare "kill $i, $ms ms after the start:" >>"$dir/found"
done <"$dir/moments"
sed 's/^/# /' "$dir/found" | head -n 40
echo "# $left of $kills kills left something behind until the next start"

[ "$left" -ge $((kills / 10)) ]
verdict $? "kills came when there was something to leave"
verdict $bad "each next start began"
for place in sysvipc/msg sysvipc/sem sysvipc/shm /dev/mqueue /dev/shm /tmp /run/netns abstract; do
	! grep -q ": left $place" "$dir/found"
	verdict $? "$kills kills leave nothing in $place after the next start"
done
! grep -q ": gone " "$dir/found"
verdict $? "nothing that was not theirs is gone"
echo "1..$count"
exit $failed
