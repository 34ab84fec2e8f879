# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The parts of scripts/vm: the variables are those of its command line.
# shellcheck disable=SC2154,SC2034,SC2054 # QEMU's commas are QEMU's

# Lines in a kernel log that no healthy kernel writes.
bad_lines='WARNING: |BUG: |\[#[0-9]+\]|kernel BUG|Kernel panic|Call Trace:|UBSAN:|refcount_t: |possible (recursive|circular) locking|inconsistent lock state|suspicious RCU usage|bad unlock balance|rcu.*(stall|self-detected)|soft lockup|hard LOCKUP|blocked for more than|scheduling while atomic|sleeping function called|kmemleak: [0-9]+ new|general protection fault,|nobody cared|unchecked MSR|page allocation failure|Bad page'

# number OPTION VALUE...
number()
{
	[[ $2 =~ ^[0-9]+$ ]] || die 125 "$1 $2: not a number; give a whole number"
	echo "$2"
}

# quote WORD...: a shell command that has exactly these words.
quote()
{
	local word

	for word; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
	echo
}

# find_kernel: sets vmlinux and release.
find_kernel()
{
	local cache

	if [ -n "$vmlinux" ]; then
		[ -r "$vmlinux" ] || die 125 "--vmlinux $vmlinux: cannot be read; name a kernel image"
		release=$(cat "$kdir/include/config/kernel.release" 2>/dev/null) ||
			die 125 "--build $kdir: not a kernel's build directory; --vmlinux needs the one it was built in"
		return
	fi
	cache=$("$(dirname "$0")/kernels" "$kernel") || exit 125
	vmlinux=$cache/vmlinux release=$(cat "$cache/release")
}

# find_module: where the guest finds it.
find_module()
{
	[ -f "$BUILD/$release/ipcring.ko" ] ||
		die 125 "$BUILD/$release/ipcring.ko: not built; run make module KERNEL=$kernel, or say --no-module"
	echo "/ipcscope/build/$release/ipcring.ko"
}

# /dev/kvm alone proves nothing: it may be there and not work.
have_kvm()
{
	grep -qwE '^flags.*(vmx|svm)' /proc/cpuinfo && { : <>/dev/kvm; } 2>/dev/null
}

# qemu_arguments: sets qemu.  Multi-threaded TCG of QEMU 7.2 breaks guests that
# patch their own text (tracepoints, BPF attach), hence thread=single.
qemu_arguments()
{
	local words="console=ttyS0 loglevel=5 8250.nr_uarts=4 panic=-1 oops=panic log_buf_len=4M cryptomgr.notests"
	local port

	smp=${smp:-${cpus:-$((insn ? 1 : 2))}}
	[[ $smp == *,* ]] || smp="$smp,sockets=1,cores=$smp,threads=1"
	qemu=(-M q35 -m "$mem" -smp "$smp" -nodefaults -no-user-config -display none -no-reboot
		-device isa-debug-exit,iobase=0xf4,iosize=0x04
		-kernel "$vmlinux" -initrd initramfs)
	if [ -n "$insn" ]; then
		qemu+=(-accel tcg,thread=single -cpu max -icount shift=0,sleep=off
			-seed "${seed:-1}" -rtc base=2026-01-01,clock=vm)
		words+=" nokaslr"
	elif have_kvm; then
		qemu+=(-accel kvm -cpu host)
	else
		qemu+=(-accel tcg,thread=single -cpu Nehalem)
		words+=" mitigations=off"
	fi
	[ -n "$insn" ] || [ -z "$seed" ] || qemu+=(-seed "$seed")

	for port in console.log report stdout stderr; do
		: >"$run/$port"
		if [ "$port" = stdout ] && [ -n "$shell" ]; then
			qemu+=(-chardev stdio,id=stdout,signal=off)
		else
			qemu+=(-chardev "file,id=$port,path=$port")
		fi
		qemu+=(-device "isa-serial,chardev=$port")
	done
	qemu+=(-append "$words $append")
}

# run_qemu: sets rc.  The guest writes into files, so that the host's pace
# cannot be felt in there; tail makes them live.
run_qemu()
{
	local pid followers=()

	cd "$run" || exit 125
	rc=0
	if [ -n "$shell" ]; then
		qemu-system-x86_64 "${qemu[@]}" 2>qemu.log || rc=$?
		return
	fi
	timeout -k 5 "$timeout" qemu-system-x86_64 "${qemu[@]}" </dev/null >qemu.log 2>&1 &
	pid=$!
	trap 'kill $pid 2>/dev/null; wait; exit 130' INT TERM HUP
	tail -q -c +1 -f -s 0.1 --pid=$pid stdout 2>/dev/null &
	followers+=($!)
	tail -q -c +1 -f -s 0.1 --pid=$pid stderr >&2 2>/dev/null &
	followers+=($!)
	wait $pid || rc=$?
	wait "${followers[@]}" || true
	trap - INT TERM HUP
}

# complaints: what is wrong in the kernel's log; fails if nothing is.
complaints()
{
	local log=console.log taint=$1

	[ ! -f dmesg ] || log=dmesg
	if grep -nE "$bad_lines" "$log" | head -n 20 | grep .; then
		echo "tainted: $taint"
	elif [ "$taint" != unknown ] && [ $((taint & ~12288)) != 0 ]; then
		echo "tainted: $taint, more than an out-of-tree module explains (12288); see Documentation/admin-guide/tainted-kernels.rst"
	else
		return 1
	fi
}

# verdict: leaves with the exit status of scripts/vm.
verdict()
{
	local trailer status='' tainted=unknown size=0 sum=''

	rm -f initramfs
	trailer=$(tail -n 1 report | tr -d '\0')
	if [[ $trailer =~ ^ipcscope-vm\ end\ status=([0-9]+)\ tainted=([0-9]+)\ size=([0-9]+)\ sha256=([0-9a-f]+)$ ]]; then
		status=${BASH_REMATCH[1]} tainted=${BASH_REMATCH[2]}
		size=${BASH_REMATCH[3]} sum=${BASH_REMATCH[4]}
		head -c "$size" report >report.tar
		[ "$(sha256sum <report.tar)" = "$sum  -" ] ||
			die 125 "$run/report: damaged on its way out of the guest; run it again"
		tar -xf report.tar --strip-components=2 vm/result
		[ -z "$out" ] || tar -xf report.tar -C "$out" --no-same-owner --strip-components=1 out
		rm report.tar
	fi
	rm report

	if complaints "$tainted" >&2; then
		die 99 "the kernel complained; all of it is in $run/$([ -f dmesg ] && echo dmesg || echo console.log)"
	fi
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		tail -n 10 console.log >&2
		die 124 "no end after $timeout s; the console so far is in $run/console.log, --timeout gives more"
	fi
	if [ -z "$status" ] || { [ "$rc" != 33 ] && [ "$rc" != 0 ]; }; then
		tail -n 10 console.log qemu.log >&2
		die 125 "QEMU ended with status $rc and the guest gave no verdict; see $run"
	fi
	exit "$status"
}
