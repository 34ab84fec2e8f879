# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The machine that scripts/vm gives its guest: CPUs in threads, cores, sockets and nodes,
# on that script's variables.
# shellcheck disable=SC2154,SC2054 # QEMU's commas are QEMU's

# number OPTION VALUE...
number()
{
	[[ $2 =~ ^[0-9]{1,7}$ ]] || die 125 "$1 $2: not a number; give a whole number"
}

# positive OPTION VALUE...
positive()
{
	number "$@"
	((10#$2)) || die 125 "$1 $2: there is no such machine; give a number from 1"
}

# topology: sets count, the number of CPUs, and smp to all of QEMU's -smp.  What is not
# said is 1; with --cpus but without --cores the cores are as many as that takes.
topology()
{
	local words=${sockets:+ --sockets $sockets}${cores:+ --cores $cores}${threads:+ --threads $threads}

	if [ -n "$smp" ]; then
		[ -z "$cpus$words" ] ||
			die 125 "--smp $smp:${cpus:+ --cpus $cpus}$words says it again; take one or the other"
		count=${smp%%,*}
		positive "--smp" "$count"
		[[ $smp == *,* ]] || smp="$smp,sockets=1,cores=$smp,threads=1"
		return
	fi
	[ -n "$cpus$words" ] || cpus=$((insn ? 1 : 2))
	sockets=${sockets:-1} threads=${threads:-1}
	if [ -n "$cpus" ] && [ -z "$cores" ]; then
		((cpus % (sockets * threads) == 0)) ||
			die 125 "--cpus $cpus: no multiple of$words; choose other numbers"
		cores=$((cpus / (sockets * threads)))
	fi
	cores=${cores:-1} count=$((sockets * cores * threads))
	[ "${cpus:-$count}" = "$count" ] ||
		die 125 "--cpus $cpus:$words make $count; leave --cpus out, or choose other numbers"
	smp="$count,sockets=$sockets,cores=$cores,threads=$threads"
}

# numa_arguments: nodes of as many CPUs and as much memory each, added to qemu.  A core
# lies in one node.
numa_arguments()
{
	local node share

	((numa && count % numa == 0 && mem % numa == 0)) ||
		die 125 "--numa $numa: $count CPUs or $mem MB cannot be shared evenly; choose other numbers"
	share=$((count / numa))
	((share % ${threads:-1} == 0)) ||
		die 125 "--numa $numa: $share CPUs a node would part the $threads threads of a core; choose other numbers"
	for ((node = 0; node < numa; node++)); do
		qemu+=(-object "memory-backend-ram,id=node$node,size=$((mem / numa))M"
			-numa "node,nodeid=$node,memdev=node$node,cpus=$((node * share))-$(((node + 1) * share - 1))")
	done
}
