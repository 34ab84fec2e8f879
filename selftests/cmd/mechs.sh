#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest: every mechanism that `ipcscope list` shows, in every pattern, wait
# policy and placement that it has, with messages from the smallest to one that
# takes several turns; then two at once. Each message is verified; a new mechanism needs
# no edit here. One is skipped only if its reason blames the kernel.

out=$(mktemp) || exit 1
trap 'rm -f "$out" "$out".*' EXIT
ipcscope list --json - | sed 's/^ *//; s/,$//' | awk -F '": ' '
	$1 == "\"name" { gsub(/"/, "", $2); name = $2 }
	$1 == "\"reason" { gsub(/"/, "", $2); reason = $2 }
	$1 == "\"max_msg" { print name, $2, reason }' >"$out.mechs"
sizes="16 17 63 64 65 4096 65536 100000"
count=0 failed=0

# one MECHANISM SIZE: status 4, "every cell was skipped", is a failure, too.
one()
{
	ipcscope run --quiet --mech "$1" --size "$2" --wait all --messages 60 --warmup 10 \
		--blocks 2 --rounds 1 >"$out" 2>&1 && return
	sed 's/^/# /' "$out"
	return 1
}

# several MECHANISM: at once, as pairs, into one receiver, and as clients of a service. A
# mechanism may have no place in some of it, but not in all.
several()
{
	for way in "-p pairs,fanin -P same-cpu --width 1,2" "-P amp"; do
		# shellcheck disable=SC2086 # words
		ipcscope run --quiet --mech "$1" $way --messages 60 --warmup 10 --blocks 2 --rounds 1 \
			>"$out.way" 2>&1
		case $? in
		0)	echo ran >>"$out.ran" ;;
		4)	;;
		*)	sed 's/^/# /' "$out.way"
			return 1 ;;
		esac
	done
	[ -s "$out.ran" ] && rm "$out.ran"
}

# What would be a skip, is made possible.
sysctl -qw kernel.msgmnb=200000 kernel.msgmax=100000

echo "TAP version 13"
while read -r mech max reason; do
	case $reason in
	"this kernel "*)
		count=$((count + 1))
		echo "ok $count $mech # SKIP $reason"
		continue ;;
	esac
	for size in $sizes; do
		[ "$max" = 0 ] || [ "$size" -le "$max" ] || continue
		count=$((count + 1))
		if one "$mech" "$size"; then
			echo "ok $count $mech, $size bytes"
		else
			echo "not ok $count $mech, $size bytes"
			failed=1
		fi
	done
	count=$((count + 1))
	if several "$mech"; then
		echo "ok $count $mech, several at once"
	else
		echo "not ok $count $mech, several at once"
		failed=1
	fi
done <"$out.mechs"
echo "1..$count"
sysctl -qw kernel.msgmax=8192 kernel.msgmnb=16384
exit $failed
