# SPDX-License-Identifier: GPL-2.0
# Instruction counts by chain of calls -> folded stacks, as flame graphs are drawn from.
#
#   awk -v top=NAME -f flame.awk SYMBOLS PLACES
#
# SYMBOLS: "ADDRESS s NAME" and "ADDRESS z", sorted, a symbol before the places in it.
# PLACES: "INDEX PARENT ADDRESS COUNT", see insn_stack.h.  Out: "NAME;CALLER;...;FUNCTION
# COUNT", unsorted.
#
# The kernel comes in by a system call, an interrupt or an exception, or as a new task:
# what else lies on the stack then has nothing to do with it, and is left out.

BEGIN {
	entered = "^(entry_|asm_(sysvec|exc|common|spurious|int80)_|ret_from_fork)"
}

NR == FNR {
	if ($2 == "s")
		current = $3
	else
		name[$1] = $1 ~ /^0+$/ ? "user space" : current
	next
}

{
	parent[$1] = $2
	addr[$1] = $3
	count[$1] = $4
}

function folded(place, stack, last)
{
	last = name[addr[place]]
	stack = last
	while (last !~ entered && (place = parent[place])) {
		last = name[addr[place]]
		stack = last ";" stack
	}
	return stack
}

END {
	for (place in count)
		if (count[place])
			sum[folded(place)] += count[place]
	for (stack in sum)
		printf "%s;%s %.0f\n", top, stack, sum[stack]
}
