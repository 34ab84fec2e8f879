#!/bin/sh
# shellcheck disable=SC2086 # $quick is several words
# SPDX-License-Identifier: GPL-2.0
# In a guest, as root: what ipcscope says to bad input and in bad surroundings. One
# line that names the value, the documented exit status, and what was measured
# already is not lost.

dir=$(mktemp -d) || exit 1
trap 'umount "$dir/full" 2>/dev/null; rm -rf "$dir"' EXIT
count=0 failed=0

verdict()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count $2"
	else
		sed 's/^/# /' "$dir/err"
		echo "not ok $count $2"
		failed=1
	fi
}

# expect NAME STATUS WORDS COMMAND...: its status, and the first line on stderr has
# WORDS; without WORDS nothing is said.
expect()
{
	name=$1 want=$2 words=$3
	shift 3
	"$@" >"$dir/out" 2>"$dir/err"
	got=$?
	grep '^ipcscope: .*[a-z]' "$dir/err" | grep -v '^ipcscope: round ' >"$dir/said"
	[ $got = "$want" ] && if [ -n "$words" ]; then
		head -n 1 "$dir/said" | grep -qF -- "$words"
	else
		[ ! -s "$dir/said" ]
	fi
	verdict $? "$name: status $got of $want"
}

quick="ipcscope run --quiet --messages 20 --warmup 5 --blocks 2 --rounds 1 --placement same-cpu"

echo "TAP version 13"
echo "1..26"

expect "unknown mechanism" 2 "unknown mechanism 'pip'; known: null pipe" ipcscope run -m pip
expect "size 0" 2 "--size: 0 is below 16" ipcscope run -s 0
expect "no number" 2 "'x' is not a number" ipcscope run -n x
expect "unknown option" 2 "unknown option '--fast'" ipcscope run --fast
expect "a CPU that does not exist" 2 "CPU 99 cannot be used: online are 0" ipcscope run -c 99
expect "no CPU list" 2 "'a-b' is not a CPU list" ipcscope run -c a-b

expect "no width" 2 "--width: 0 is out of range; give 1 to 8192" ipcscope run --width 0
expect "more pairs than CPUs" 4 "pairs wanted, there are CPUs for" $quick -m pipe -p pairs --width 999
expect "many senders of a queue for one" 4 "one sender and one receiver is all" \
	$quick -m shm-futex -p fanin
expect "a service that sleeps" 4 "cannot look at the others; give --wait spin" \
	$quick -m pipe -P amp -w block --width 8000
expect "size over a fixed limit" 4 "size 65537 is over the mechanism's limit; give --size 65536" \
	$quick -m ring -s 65537
expect "size over a sysctl" 4 "size 10000 is over kernel.msgmax = 8192; raise it with sysctl" \
	$quick -m sysv-msg -s 10000
sysctl -qw kernel.msgmax=10000
expect "that remedy helps" 0 "" $quick -m sysv-msg -s 10000
sysctl -qw kernel.msgmax=8192

sysctl -qw fs.pipe-user-pages-soft=1
# PIPE_MIN_DEF_BUFFERS: two pages.
expect "pipes cut short" 4 "a new pipe holds 8192 bytes, not 65536" \
	su user -s /bin/sh -c "$quick -m pipe"
sysctl -qw fs.pipe-user-pages-soft=16384

expect "no permission on the device" 4 "/dev/ipcring: permission denied; run as root" \
	su user -s /bin/sh -c "$quick -m ring"
expect "a mechanism that runs beside it" 0 "" su user -s /bin/sh -c "$quick -m ring,pipe"

expect "no such directory" 3 "--json: cannot write '$dir/no/r.json': No such file" \
	$quick -m null -j "$dir/no/r.json"
expect "a directory as file" 3 "cannot write '$dir': Is a directory" $quick -m null -j "$dir"
expect "no permission to write" 3 "cannot write '/r.json': Permission denied" \
	su user -s /bin/sh -c "$quick -m null -j /r.json"
ln -s there.json "$dir/link.json"
: >"$dir/there.json"
$quick -m null -j "$dir/link.json" >"$dir/out" 2>"$dir/err" &&
	[ -L "$dir/link.json" ] && [ -s "$dir/there.json" ]
verdict $? "a symbolic link is followed"
expect "standard output is full" 3 "standard output does not take" sh -c "$quick -m null >/dev/full"

# A disk that is full when the result is written: the result is elsewhere, whole.
mkdir "$dir/full"
mount -t tmpfs -o size=4k tmpfs "$dir/full"
expect "a full disk" 3 "No space left on device; the result is in /tmp/" \
	$quick -m null -j "$dir/full/r.json"
saved=$(sed -n 's/.*the result is in \([^,]*\),.*/\1/p' "$dir/said")
ipcscope report "$saved" >"$dir/out" 2>"$dir/err" && [ -z "$(ls "$dir/full")" ]
verdict $? "its result is whole, and the disk has no rest of it"

# Ctrl-C once the first round is through, and again while that is being dealt with:
# its cells are in the result.
mkfifo "$dir/progress"
ipcscope run -m null,pipe --messages 20 --blocks 1 --rounds 10000 -P same-cpu \
	-j "$dir/part.json" >"$dir/out" 2>"$dir/progress" &
pid=$!
while read -r line; do
	echo "$line"
	case $line in *"round 2 "*) kill -INT $pid && kill -TERM $pid ;; esac
done <"$dir/progress" >"$dir/err"
wait $pid
[ $? = 130 ] && grep -q "interrupted; the result is partial" "$dir/err"
verdict $? "Ctrl-C: status 130"
ipcscope report "$dir/part.json" >"$dir/out" 2>>"$dir/err" && grep -q '^PARTIAL' "$dir/out" &&
	grep -q '"status": "ok"' "$dir/part.json"
verdict $? "Ctrl-C: the partial result is valid and has cells"

# A terminal that goes away.
queues=$(wc -l </proc/sysvipc/msg)
ipcscope run -m sysv-msg -q --rounds 10000 -P same-cpu -j "$dir/hup.json" >"$dir/out" 2>"$dir/err" &
pid=$!
sleep 2
kill -HUP $pid
wait $pid
[ $? = 130 ] && [ -s "$dir/hup.json" ] && [ "$(wc -l </proc/sysvipc/msg)" = "$queues" ]
verdict $? "a hang-up: status 130, the result is there, no queue is left"

rm -f "$saved"
exit $failed
