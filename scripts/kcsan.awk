# SPDX-License-Identifier: GPL-2.0
# A kernel's log without KCSAN's reports on the kernel's own code: their lines are left
# empty, so that all others keep their numbers.
#
#   awk -f kcsan.awk <LOG
#
# 6.1 has data races in its scheduler's clock, its timers and their bitmaps, most of
# them meant; in strict mode each is reported.  A report stays when a module has part in
# it, in one of the stacks, called or calling: that of a race in what the kernel copies
# for a module does.  Below the entry of an interrupt the stack is that of whom it hit,
# who has no part in what it does.  Nor has a module in what every new file does:
# get_cred() sets non_rcu of credentials that are shared, always to the same.

function flush_(i)
{
	for (i = 1; i <= n; i++)
		print (ours > 0 ? line[i] : "")
	n = 0
}

{ text = $0; sub(/\r$/, "", text); sub(/^(\[ *[0-9.]+\])?(\[ *[TC][0-9]+\])? ?/, "", text) }

# The line above it is the first of the report, and was held back for that.
text ~ /^BUG: KCSAN: /					{ report = 1; ours = in_stack = 0 }
report && text ~ / to 0x[0-9a-f]+ of [0-9]+ bytes by /	{ in_stack = 1 }
text == "" || text ~ /^ *asm_/				{ in_stack = 0 }
text ~ /^BUG: KCSAN: data-race in __alloc_file \/ __alloc_file$/	{ ours = -1 }
report && in_stack && ours == 0 && text ~ /\[[a-z0-9_]+\]$/		{ ours = 1 }

report {
	line[++n] = $0
	if (text ~ /^=+$/) {
		flush_()
		report = 0
	}
	next
}

text ~ /^=+$/ {
	ours = 1
	flush_()
	line[++n] = $0
	next
}

{ ours = 1; flush_(); print }

# One that was cut off is somebody's: nothing is known about its other half.
END { ours = 1; flush_() }
