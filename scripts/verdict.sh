# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0
# How a run of scripts/vm ended: its last part, on that script's variables.

# complaints: what is wrong in the kernel's log; fails if nothing is.
complaints()
{
	local log=console.log taint=$1 complaints=$here/complaints

	[ ! -f dmesg ] || log=dmesg
	if awk -f "$here/kcsan.awk" "$log" | grep -nE -f "$complaints" | head -n 20 | grep .; then
		echo "tainted: $taint"
	elif [ "$taint" != unknown ] && [ $((taint & ~12288)) != 0 ]; then
		echo "tainted: $taint, more than an out-of-tree module explains (12288); see Documentation/admin-guide/tainted-kernels.rst"
	else
		return 1
	fi
}

# show_hang: where the guest is that was ended.
show_hang()
{
	tail -n 3 console.log
	awk -f "$here/hang.awk" hang.log
}

# verdict: leaves with the exit status of scripts/vm.
verdict()
{
	local trailer status='' tainted=unknown size=0 sum=''

	rm -f initramfs monitor.in monitor.out
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

	[ "$rc" != 124 ] || show_hang >&2
	if complaints "$tainted" >&2; then
		die 99 "the kernel complained; all of it is in $run/$([ -f dmesg ] && echo dmesg || echo console.log)"
	fi
	if [ "$rc" = 124 ]; then
		die 124 "no end after $timeout s; the whole of this is in $run/hang.log, the console before it in console.log; --timeout gives more"
	fi
	if [ -z "$status" ] || { [ "$rc" != 33 ] && [ "$rc" != 0 ]; }; then
		tail -n 10 console.log qemu.log >&2
		die 125 "QEMU ended with status $rc and the guest gave no verdict; see $run"
	fi
	exit "$status"
}
