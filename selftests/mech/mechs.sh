#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest: every mechanism that `ipcscope list` shows, in every pattern and wait policy
# that it has, with messages from the smallest to one that takes several turns, and the
# largest that it takes; on one CPU, too; then several at once. Each message is verified; a
# new mechanism needs no edit here. One is skipped only if its reason blames the kernel, and
# a size only if the reason names the limit.

out=$(mktemp) || exit 1
trap 'rm -f "$out" "$out".*' EXIT
ipcscope list --json - | sed 's/^ *//; s/,$//' | awk -F '": ' '
	$1 == "\"name" { gsub(/"/, "", $2); name = $2 }
	$1 == "\"reason" { gsub(/"/, "", $2); reason = $2 }
	$1 == "\"max_msg" { print name, $2, reason }' >"$out.mechs"
sizes=16,17,65,4096,65536,100000
few="--quiet --messages 40 --warmup 10 --blocks 1 --rounds 1"
count=0 failed=0

# verdict STATUS NAME
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

# measure OPTION...: status 4, "every cell was skipped", says nothing.
measure()
{
	# shellcheck disable=SC2086 # words
	ipcscope run $few --json "$out.json" "$@" >"$out" 2>&1
	status=$?
	[ $status = 0 ] || [ $status = 4 ] || sed 's/^/# /' "$out"
	return $status
}

# measured: each size in $out.json was, or is over a limit that has a name.
measured()
{
	sed 's/^ *//; s/,$//' "$out.json" | awk -F '": ' '
		/^"cells"/ { cells = 1 }
		!cells { next }
		$1 == "\"status" { ok = $2 == "\"ok\"" }
		$1 == "\"reason" { reason = $2 }
		$1 == "\"size" {
			seen[$2]
			if (ok)
				done[$2]
			else if (reason ~ /over .*(give --size|raise|sysctl|ulimit)/)
				limit[$2]
			else
				why[$2] = reason
		}
		END {
			for (size in seen)
				if (!(size in done) && !(size in limit)) {
					print "# " size " bytes: " why[size]
					bad = 1
				} else if (size in done)
					n++
			exit bad || !n
		}'
}

# all_sizes MECHANISM MAX: on two CPUs, or where that cannot be, on one.
all_sizes()
{
	list=$sizes
	[ "$2" = 0 ] || list=$list,$2
	measure --mech "$1" --wait all --size "$list" --placement llc
	[ $? != 4 ] || measure --mech "$1" --wait all --size "$list" --placement same-cpu || return
	measured
}

# several MECHANISM: at once, as pairs, into one receiver, and as clients of a service. A
# mechanism may have no place in some of it, but not in all.
several()
{
	ran=
	for way in "-p pairs,fanin -P same-cpu --width 1,2" "-P amp"; do
		# shellcheck disable=SC2086 # words
		measure --mech "$1" $way
		case $? in
		0)	ran=1 ;;
		4)	;;
		*)	return 1 ;;
		esac
	done
	[ -n "$ran" ]
}

# What would be a skip, is made possible.
sysctl -qw kernel.msgmnb=200000 kernel.msgmax=100000 fs.mqueue.msgsize_max=100000

echo "TAP version 13"
while read -r mech max reason; do
	case $reason in
	*kernel*)
		count=$((count + 1))
		echo "ok $count $mech # SKIP $reason"
		continue ;;
	esac
	all_sizes "$mech" "$max"
	verdict $? "$mech, all sizes"
	# Those that only spin have no place there.
	measure --mech "$mech" --wait all --placement same-cpu || [ $? = 4 ]
	verdict $? "$mech, on one CPU"
	several "$mech"
	verdict $? "$mech, several at once"
done <"$out.mechs"
echo "1..$count"
sysctl -qw kernel.msgmax=8192 kernel.msgmnb=16384 fs.mqueue.msgsize_max=8192
exit $failed
