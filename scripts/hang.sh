# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# A guest of scripts/vm that does not end: where it is.  On that script's variables, in
# the directory of the run.
# shellcheck disable=SC2154

# What makes the guest speak: the NMI reaches it whatever it does, and is a panic that
# first prints the stacks of all CPUs (64) and of all tasks (1).  7.3 says that this is
# deprecated, and does it.
# shellcheck disable=SC2034 # for scripts/vm.sh
hang_words="unknown_nmi_panic panic_print=65"

# Nobody has to say anything for that long: a CPU that does not take the NMI, either, is
# waited for by the others for 10 s.
hang_silence=20

# monitor COMMAND...: QEMU's answers go to registers.  Both ends of its pipes are QEMU's,
# so that nothing here waits for the other end as long as it lives.
monitor()
{
	cat <monitor.out >monitor.log &
	printf '%s\n' "$@" >monitor.in
}

# spoken PID: waits until the guest ends, or is silent.
spoken()
{
	local size=-1 now since=$SECONDS

	while kill -0 "$1" 2>/dev/null; do
		now=$(stat -c %s console.log)
		[ "$now" = "$size" ] || since=$SECONDS
		size=$now
		[ $((SECONDS - since)) -lt $hang_silence ] || return 0
		sleep 0.2
	done
}

# hang PID: of QEMU.  Leaves console.log as it was before, and hang.log: the registers of
# all CPUs as QEMU knows them, and what the guest says of its CPUs and tasks.
hang()
{
	local size

	size=$(stat -c %s console.log)
	monitor 'info registers -a' nmi
	spoken "$1"
	kill -9 "$1" 2>/dev/null || true
	tail -c "+$((size + 1))" console.log >guest.log
	truncate -s "$size" console.log
	{
		# Its line editor's echo of the commands, and the prompts.
		tr -d '\r' <monitor.log | sed -n '/^CPU#/,/^(qemu)/p' | sed '/^(qemu)/d'
		cat guest.log
	} >hang.log
	rm guest.log monitor.log
}
