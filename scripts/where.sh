# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The parts of scripts/where, on that script's variables.
# shellcheck disable=SC2154

build()
{
	"$here/kmod" "$kernel" >/dev/null || exit
	make -s -C "$TREE" user >&2 || die 125 "the harness does not build; its messages are above"
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden \
		-o "$plugin" "$here/insn_count.c" "$here/insn_stack.c"
}

# sum FILE: of a .tsv's first column.
sum()
{
	awk -F '\t' '{ s += $1 } END { printf "%.1f", s }' "$1"
}

# counts MECHANISM[:WAIT]: the files of its counts, without their suffix
counts()
{
	echo "$dir/$label-$pattern-${1/:/-}"
}

# boot MECHANISM[:WAIT]: leaves $run/counts, stacks, symbols.gz and result.json
boot()
{
	local wait=${1#*:} status=0

	[[ $1 = *:* ]] || wait=block
	rm -rf "$run"
	directory "$run"
	# shellcheck disable=SC2016 # for the guest's shell
	# A kernel of one CPU would take the lock prefixes away.
	"$here/vm" --kernel "$kernel" --insn --seed "$seed" --out "$run" --append noreplace-smp \
		--plugin "$plugin,out=$run/counts${flame:+,stacks=$run/stacks}" -- \
		sh -c 'gzip </proc/kallsyms >/out/symbols.gz; exec ipcscope "$@"' sh \
		run --quiet --mech "${1%%:*}" --pattern "$pattern" --wait "$wait" --placement same-cpu \
		--messages "$messages" --blocks "$blocks" --rounds "$rounds" --json /out/result.json \
		>"$run/table" || status=$?
	[ $status = 0 ] || { cat "$run/table"; exit $status; }
}

symbols()
{
	zcat "$run/symbols.gz" | awk '$2 ~ /[tTwW]/ { print $1, "s", $3 $4 }'
}

# by_function MESSAGES: the counts, see where.awk
by_function()
{
	{
		symbols
		awk '$1 != "windows" { print $1, "z", $2, $3 }' "$run/counts"
	} | sort | awk -v messages="$1" -f "$here/where.awk"
}

# measure MECHANISM[:WAIT]: leaves the files $(counts MECHANISM).*
measure()
{
	local mech=$1 run=$dir/run tsv cost total

	tsv=$(counts "$mech").tsv
	boot "$mech"
	by_function $((messages * blocks * rounds)) | sort -t $'\t' -k1,1gr -k3,3 >"$tsv"
	cost=$(awk '/"per_msg":/ { gsub(/[",]/, ""); print $2; exit }' "$run/result.json")
	total=$(sum "$tsv")
	awk -v a="$cost" -v b="$total" 'BEGIN { exit !(b > a * 0.999 && b < a * 1.001) }' ||
		die 1 "$mech: $total instructions were counted and $cost measured; report this"
	[ -z "$flame" ] || flame_fold "$mech"
	note "$mech: $total instructions"
}

table()
{
	local mech

	for mech; do
		awk -F '\t' -v m="$mech" '{ print m "\t" $0 }' "$(counts "$mech").tsv"
	done | awk -F '\t' '
		!($1 in seen)	{ seen[$1] = 1; mech[++n] = $1 }
		{ cell[$1, $3] += $2; all[$1] += $2 }
		END {
			groups = split("entry security copy memory mechanism module lock wake-up sleep accounting timer user", g, " ")
			printf "%-12s", "instructions"
			for (i = 1; i <= n; i++) printf "%16s", mech[i]
			for (k = 1; k <= groups; k++) {
				printf "\n%-12s", g[k]
				for (i = 1; i <= n; i++) printf "%16.0f", cell[mech[i], g[k]]
			}
			printf "\n%-12s", "all"
			for (i = 1; i <= n; i++) printf "%16.0f", all[mech[i]]
			print ""
		}'
}
