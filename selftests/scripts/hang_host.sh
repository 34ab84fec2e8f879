#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # for eval, or the guest
# scripts/vm: of a guest that does not end it says where each CPU and each task is, be it in
# user space, in the kernel, or in the kernel with interrupts off.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../ktap.sh"

# A module that never ends its initialisation, with interrupts as they are and off.
module()
{
	mkdir "$tmp/$1"
	cat >"$tmp/$1/$1.c" <<-END
		#include <linux/irqflags.h>
		#include <linux/module.h>
		#include <asm/processor.h>
		static int __init $1_init(void)
		{
			$2;
			for (;;)
				cpu_relax();
			return 0;
		}
		module_init($1_init);
		MODULE_LICENSE("GPL");
	END
	echo "obj-m := $1.o" >"$tmp/$1/Kbuild"
	ko=$(OUT=$tmp/out KMOD=$tmp/$1 "$top/scripts/kmod" 6.1 2>"$tmp/log") || sed 's/^/# /' "$tmp/log"
	mkdir -p "$tmp/tree/build/$(basename "${ko%/*}")" "$tmp/tree/scripts"
	cp "$ko" "$tmp/tree/build/$(basename "${ko%/*}")/"
}

# where_is HEADER FUNCTION: the stack below a line that matches has it, first if it is told.
where_is()
{
	awk -v head="$1" -v want="^    $2" '
		/^[^ ]/	{ inside = $0 ~ head; next }
		inside && $0 ~ want { found = 1 }
		END { exit !found }' "$tmp/log"
}

# Of two CPUs the first answers, and shows tasks; the second is where QEMU saw it.
canned()
{
	awk -f "$top/scripts/hang.awk" - >"$tmp/log" <<-'END'
		CPU#0
		RIP=ffffffff81a592eb RFL=00000216 [----AP-] CPL=0 II=0 A20=1 SMM=0 HLT=1
		CPU#1
		RIP=ffffffff81000010 RFL=00000006 [-----P-] CPL=0 II=0 A20=1 SMM=0 HLT=0
		CPU#2
		RIP=00007f0000000010 RFL=00000206 [-----P-] CPL=3 II=0 A20=1 SMM=0 HLT=0
		[    9.1][   T88] NMI backtrace for cpu 0
		[    9.1][   T88] CPU: 0 UID: 0 PID: 88 Comm: a b Not tainted 7.3 #1
		[    9.1][   T88] Call Trace:
		[    9.1][   T88]  <NMI>
		[    9.1][   T88]  dump_stack_lvl+0x44/0x5c
		[    9.1][   T88]  end_repeat_nmi+0x16/0x67
		[    9.1][   T88] RIP: 0010:looping+0x1/0x9 [some]
		[    9.1][   T88]  </NMI>
		[    9.1][   T88]  <TASK>
		[    9.1][   T88]  ? not_sure+0x1/0x2
		[    9.1][   T88]  caller+0x1/0x2
		[    9.1][   T88] Sending NMI from CPU 0 to CPUs 1-2:
		[    9.1][   T88] task:sleeper         state:S stack:0     pid:77    tgid:77    ppid:1      flags:0x0
		[    9.1][   T88]  pipe_read+0x1/0x2
		[    9.1][   T88] task:kworker/0:0     state:I stack:0     pid:7     ppid:2      flags:0x00004000
		[    9.1][   T88]  worker_thread+0x1/0x2
		[    9.1][   T88] task:kblocked        state:D stack:0     pid:8     ppid:2      flags:0x00004000
		[    9.1][   T88]  io_schedule+0x1/0x2
		[    9.1][   T88] task:a b             state:R  running task     stack:0     pid:88    ppid:1      flags:0x0
		[    9.1][   T88]  show_state+0x1/0x2
	END
	diff "$tmp/log" - <<-'END'
		CPU 0: a b, pid 88
		    looping+0x1/0x9 [some]
		    caller+0x1/0x2
		CPU 1: says nothing; in the kernel at ffffffff81000010, interrupts off
		CPU 2: says nothing; in user space at 00007f0000000010, interrupts on
		task sleeper, pid 77, state S
		    pipe_read+0x1/0x2
		task kblocked, pid 8, state D
		    io_schedule+0x1/0x2
	END
}

echo "KTAP version 1"
echo "1..10"
check "what a guest says is told in short" canned

module stuck_on "(void)0"
module stuck_off "local_irq_disable()"
# The kernel's own watchdogs would find it, too.
TREE=$tmp/tree "$top/scripts/vm" --no-module --cpus 4 --timeout 45 \
	--append "nowatchdog rcupdate.rcu_cpu_stall_suppress=1" -- sh -c '
	sleep 1000 | cat &
	insmod "build/$(uname -r)/stuck_on.ko" &
	sleep 1
	insmod "build/$(uname -r)/stuck_off.ko" &
	while :; do :; done' >"$tmp/log" 2>&1
status=$?
run=$tmp/tree/build/vm/last
check "a timeout is a timeout" [ $status = 124 ]
check "a CPU in user space" where_is "^CPU [0-3]: sh, pid" "user space"
check "a CPU in the kernel, interrupts on" where_is "^CPU [0-3]: insmod, pid" 'stuck_on_init.* .stuck_on.'
check "a CPU in the kernel, interrupts off" where_is "^CPU [0-3]: insmod, pid" 'stuck_off_init.* .stuck_off.'
check "a task that waits" where_is "^task cat, pid" 'pipe_read'
check "no idle kernel thread" eval '! grep -q "^task kworker.*state I" "$tmp/log"'
check "all of it is kept" [ "$(grep -cE "^CPU#[0-3]|task:kthreadd" "$run/hang.log")" = 5 ]
check "the console ends where it hung" [ "$(grep -c NMI "$run/console.log"):$(grep -c stuck "$run/console.log")" = 0:1 ]
check "nothing else is left" [ "$(ls "$run")" = "$(printf '%s\n' cmd console.log hang.log qemu.log settings stderr stdout)" ]
