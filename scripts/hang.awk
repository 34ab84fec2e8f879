# SPDX-License-Identifier: GPL-2.0
# Of a hang.log (scripts/hang.sh), what tells where a guest hangs: each CPU, and the stack
# of each task that runs, waits undisturbed, or belongs to a program; the innermost
# function first.  A CPU of which the guest says nothing is shown as QEMU knows it.
#
#   awk -f hang.awk hang.log

function number_after(word, text)
{
	if (!match(text, word "[: #=]*[0-9]+"))
		return ""
	text = substr(text, RSTART, RLENGTH)
	sub(/.*[^0-9]/, "", text)
	return text + 0
}

function frames(    i, text)
{
	for (i = 1; i <= n; i++)
		text = text "    " frame[i] "\n"
	return text
}

# What was collected of one CPU or task is kept, if it is of interest.  Kernels differ in
# which of them they show first.
function finish()
{
	if (kind == "cpu") {
		said[id]
		if (!idle)
			busy[pid]
		if (idle) {
			cpu_text = cpu_text "CPU " id ": idle\n"
		} else {
			cpu_text = cpu_text "CPU " id ": " name ", pid " pid "\n" frames()
		}
	} else if (kind == "task") {
		if (state == "D" || state == "R" || (parent != 2 && pid > 2))
			task_text[order[++tasks] = pid] = "task " name ", pid " pid ", state " state "\n" frames()
	}
	kind = ""
	n = idle = 0
}

{
	gsub(/\r/, "")
	sub(/^\[ *[0-9.]+\](\[ *[CT][0-9]+\])? ?/, "")
}

/^CPU#[0-9]+/			{ cpu = substr($1, 5); cpus[++count] = cpu; next }
/^RIP=/				{ rip[cpu] = substr($1, 5); level[cpu] = number_after("CPL", $0)
				  halted[cpu] = /HLT=1/; flags[cpu] = $2; next }

/^NMI backtrace for cpu [0-9]+/ {
	finish()
	kind = "cpu"
	id = $5
	idle = /skipped: idling/
	name = pid = idle ? 0 : "?"
	next
}
/^CPU: [0-9]+ .*PID: [0-9]+ Comm: / {
	pid = number_after("PID", $0)
	name = $0
	sub(/.* Comm: /, "", name)
	sub(/ ((Not t|T)ainted|Kdump).*/, "", name)
	next
}
/^task:/ {
	finish()
	kind = "task"
	name = $0
	sub(/^task:/, "", name)
	sub(/ +state:.*/, "", name)
	state = $0
	sub(/.* state:/, "", state)
	state = substr(state, 1, 1)
	pid = number_after(" pid", $0)
	parent = number_after("ppid", $0)
	next
}
/^(Sched Debug|Showing |Kernel Offset|Sending NMI|Rebooting|---\[)/ { finish(); next }

# What led to the dump itself is of no interest.
/^ (asm_exc_nmi|end_repeat_nmi|first_nmi|nmi_restore|repeat_nmi)\+/ { n = 0; next }
/^ (do_idle|cpu_startup_entry|cpu_idle)\+/ && kind == "cpu" { idle = 1 }
/^RIP: 0033:/			{ frame[++n] = "user space, " substr($2, 6); next }
/^RIP: [0-9a-f]+:/		{ frame[++n] = substr($2, 6) (NF > 2 ? " " $3 : ""); next }
/^ [A-Za-z_][^ ]*\+0x[0-9a-f]+\/0x[0-9a-f]+/	{ frame[++n] = $1 (NF > 1 ? " " $2 : "") }

END {
	finish()
	printf "%s", cpu_text
	for (i = 1; i <= count; i++)
		if (!(cpus[i] in said))
			printf "CPU %s: says nothing; %s at %s, %s%s\n", cpus[i],
				level[cpus[i]] == 3 ? "in user space" : "in the kernel", rip[cpus[i]],
				interrupts(flags[cpus[i]]), halted[cpus[i]] ? ", halted" : ""
	for (i = 1; i <= tasks; i++)
		if (!(order[i] in busy))
			printf "%s", task_text[order[i]]
}

# RFL=00000206: 0x200 is the interrupt flag.
function interrupts(rfl,    digit)
{
	digit = index("0123456789abcdef", substr(rfl, length(rfl) - 2, 1)) - 1
	return int(digit / 2) % 2 ? "interrupts on" : "interrupts off"
}
