#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest, as root: the module's own mechanisms, traced. In each cell every measured
# message has its class, and nothing in the certificate is above 0.

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
count=0 failed=0 messages=100 blocks=2

# holds: the block on stdin is one of a cell where everything was seen. A guest whose clock is
# no result has no table of phases; that they add up is for the programs beside this one.
holds()
{
	awk -v want=$((messages * blocks)) '
		{ gsub(/,/, "") }
		/^phases of/	{ measured = $(NF - 3) }
		$1 == "classes:" {
			for (i = 3; i <= NF; i += 2)
				classes += $i
		}
		/certificate: sent/ {
			gsub(/[;]/, "")
			sent = $3
			received = $5
			for (i = 9; i < NF; i += 2)
				bad += $(i + 1) != 0
			seen = NF >= 18
		}
		END {
			exit !(measured == want && classes == want && seen && sent >= want &&
				sent == received && !bad)
		}'
}

# cell MECHANISM WAIT PATTERN
cell()
{
	count=$((count + 1))
	ipcscope run --quiet --trace -m "$1" -w "$2" -p "$3" -P same-cpu --messages $messages \
		--warmup 20 --blocks $blocks --rounds 1 >"$dir/out" 2>&1
	status=$?
	why=$(sed -n 's/^\[1\] //p' "$dir/out")
	sed -n "\\|^phases of $1/$3/$2/|,/certificate/p" "$dir/out" >"$dir/phases"
	if grep -q ' 0 cells ran, 1 skipped, 0 failed' "$dir/out"; then
		echo "ok $count $1 $2 $3 # SKIP $why"
	elif [ $status = 0 ] && holds <"$dir/phases"; then
		echo "ok $count $1 $2 $3"
	else
		sed 's/^/# /' "$dir/out"
		echo "not ok $count $1 $2 $3: status $status"
		failed=1
	fi
}

echo "TAP version 13"
for mech in ring ring-call pcq-local pcq-remote; do
	cell $mech block pingpong
	cell $mech block stream
done
for mech in ring pcq-remote pcq-service; do
	cell $mech poll pingpong
	cell $mech uring pingpong
done
cell pcq-service block pingpong
cell ring-uring-cmd uring pingpong
cell ring-uring-cmd uring stream
echo "1..$count"
exit $failed
