# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The parts of scripts/ab, on that script's variables.
# shellcheck disable=SC2154,SC2034

# By side: its changes, and the directory of its results.
declare -A append=([a]='' [b]='') sched=([a]='' [b]='') kmod=([a]='' [b]='') from=()

# change SIDE KEY=VALUE
change()
{
	case $2 in
	append=*)	append[$1]+=" ${2#*=}" ;;
	sched=?*)	sched[$1]+=" ${2#*=}" ;;
	kmod=?*)	kmod[$1]=${2#*=} ;;
	*)		die 125 "--$1 $2: unknown change; say append=WORDS, sched=FEATURE or kmod=DIR" ;;
	esac
}

# count OPTION VALUE...
count()
{
	[[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || die 125 "$1 $2: not a number from 1 up"
}

# prepare SIDE KERNEL: $out/SIDE/tree is what its guests see: harness and module, no more.
prepare()
{
	local dir=$out/$1 name=$2 module image kdir release

	! own_kernel 125 "$name" || name=$image:$kdir
	rm -rf "$dir"
	mkdir -p "$dir/tree/scripts"
	module=$(KMOD=${kmod[$1]:-$TREE/kmod} OUT=$dir/module "$here/kmod" "$name" 2>"$dir.log" | tail -n 1) ||
		die 125 "$2: its module does not build; the messages are in $dir.log"
	install -D "$BUILD/ipcscope" "$dir/tree/build/ipcscope"
	install -D -m 644 "$module" "$dir/tree/build/$(basename "${module%/*}")/ipcring.ko"
	rm -r "$dir/module" "$dir.log"
	printf '%s\n' --kernel "$name" >"$dir/vm"
}

# sides SIDE KERNEL...: what is to be booted is prepared, and its SIDE goes to boot.
sides()
{
	boot=()
	while [ $# -gt 0 ]; do
		if [ -e "$2/vm" ]; then
			from[$1]=$(realpath "$2")
		else
			prepare "$1" "$2"
			from[$1]=$out/$1
			boot+=("$1")
		fi
		shift 2
	done
}

# measure SIDE SEED: leaves $out/SIDE/SEED.json.  A cell that failed is in there.
measure()
{
	local dir=$out/$1 status=0
	local -a vm

	mapfile -t vm <"$dir/vm"
	# shellcheck disable=SC2016 # for the guest's shell
	TREE=$dir/tree "$here/vm" "${vm[@]}" --insn --seed "$2" --timeout 1200 --out "$dir/$2" \
		--append "${append[$1]}" -- sh -c '
			for feature in $1; do
				echo "$feature" >/sys/kernel/debug/sched/features || exit 125
			done
			shift
			exec ipcscope "$@"' sh "${sched[$1]}" \
		run --quiet "${options[@]}" --note "${sched[$1]:+sched${sched[$1]}}" \
		--json /out/result.json >"$dir/$2.log" 2>&1 </dev/null || status=$?
	if [ $status -gt 1 ] || ! mv "$dir/$2/result.json" "$dir/$2.json"; then
		tail -n 5 "$dir/$2.log" >&2
		die 125 "side $1, seed $2: no result, status $status; all it said is in $dir/$2.log"
	fi
	rmdir "$dir/$2"
}

# boots: every seed of every side, both sides of a seed before the next.
boots()
{
	local seed side active=0 begun=$SECONDS

	set -m
	for ((seed = first; seed < first + seeds; seed++)); do
		for side in "${boot[@]}"; do
			if ((active == jobs)); then
				wait -n
				active=$((active - 1))
			fi
			measure "$side" "$seed" &
			active=$((active + 1))
		done
	done
	for ((; active; active--)); do
		wait -n
	done
	set +m
	note "$((seeds * ${#boot[@]})) boots took $((SECONDS - begun)) s"
}
