# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The parts of scripts/vm: the variables are those of its command line.
# shellcheck disable=SC2154,SC2034,SC2054 # QEMU's commas are QEMU's

# quote WORD...: a shell command that has exactly these words.
quote()
{
	local word

	for word; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
	echo
}

# find_kernel: sets vmlinux, release, modules, and what the kernel's configuration says
# about the machine it wants.
find_kernel()
{
	local cache image

	[ -z "$vmlinux$kdir" ] || kernel=$vmlinux:$kdir
	if own_kernel 125 "$kernel"; then
		vmlinux=$image config=$kdir/.config
	else
		cache=$("$here/kernels" "$kernel") && modules=$("$here/kernels" modules "$kernel") || exit 125
		release=$(cat "$cache/release") config=$cache/config vmlinux=$cache/vmlinux
		[ ! -e "$cache/bzImage" ] || vmlinux=$cache/bzImage
	fi
	if grep -qsE '^CONFIG_K[AC]SAN=y' "$config"; then
		# So slow that its calibration of the TSC may be wrong by an order, and that
		# on a busy host it panics because ten ticks do not come in time.
		mem=${mem:-1024} timeout=${timeout:-900} clock=" tsc=unstable no_timer_check"
	fi
	# A kernel without it was built so for lockdep: the lock of a serial console
	# must not be taken wherever printk is called.
	! grep -qs '^# CONFIG_SERIAL_8250_CONSOLE is not set' "$config" ||
		console="console=ttynull earlyprintk=serial,ttyS0,115200,keep"
}

# find_module: where the guest finds it.
find_module()
{
	[ -f "$BUILD/$release/ipcring.ko" ] ||
		die 125 "$BUILD/$release/ipcring.ko: not built; run scripts/kmod $kernel, or say --no-module"
	echo "/ipcscope/build/$release/ipcring.ko"
}

# terminal: the host's, for a shell.
terminal()
{
	local size

	size=$(stty size 2>/dev/null) || size="24 80"
	printf '%s=%s\n' term "${TERM:-dumb}" rows "${size% *}" cols "${size#* }"
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
	local words="$console loglevel=5 8250.nr_uarts=4 panic=-1 oops=panic log_buf_len=4M cryptomgr.notests $hang_words"
	local port

	mem=${mem:-512}
	qemu=(-M q35 -m "$mem" -smp "$smp" -nodefaults -no-user-config -display none -no-reboot
		-device isa-debug-exit,iobase=0xf4,iosize=0x04
		-kernel "$vmlinux" -initrd initramfs)
	[ -z "$numa" ] || numa_arguments
	if [ -n "$insn" ]; then
		qemu+=(-accel tcg,thread=single -cpu max -icount shift=0,sleep=off
			-seed "${seed:-1}" -rtc base=2026-01-01,clock=vm)
		words+=" nokaslr"
	elif have_kvm; then
		qemu+=(-accel kvm -cpu host)
	else
		qemu+=(-accel tcg,thread=single -cpu Nehalem)
		words+=" mitigations=off$clock"
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
	mkfifo "$run/monitor.in" "$run/monitor.out"
	qemu+=(-chardev pipe,id=monitor,path=monitor -mon chardev=monitor)
	[ -z "$plugin" ] || qemu+=(-plugin "$plugin")
	qemu+=(-append "$words $append")
}

# run_qemu: sets rc.  The guest writes into files, so that the host's pace
# cannot be felt in there; tail makes them live.
run_qemu()
{
	local pid timer followers=()

	cd "$run" || exit 125
	rc=0
	if [ -n "$shell" ]; then
		qemu-system-x86_64 "${qemu[@]}" 2>qemu.log || rc=$?
		return
	fi
	timeout=${timeout:-300}
	# A guest does not outlive its script, however that ends.
	setpriv --pdeathsig KILL qemu-system-x86_64 "${qemu[@]}" </dev/null >qemu.log 2>&1 &
	pid=$!
	sleep "$timeout" &
	timer=$!
	trap 'kill $pid $timer 2>/dev/null; wait; rm -f initramfs; exit 130' INT TERM HUP
	tail -q -c +1 -f -s 0.1 --pid=$pid stdout 2>/dev/null &
	followers+=($!)
	tail -q -c +1 -f -s 0.1 --pid=$pid stderr >&2 2>/dev/null &
	followers+=($!)
	wait -n $pid $timer || rc=$?
	if kill $timer 2>/dev/null; then
		wait $timer 2>/dev/null || true
	else
		hang $pid
		rc=124
	fi
	wait "${followers[@]}" || true
	trap - INT TERM HUP
}
