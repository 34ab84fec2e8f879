# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# scripts/vm --virtme: the guest is virtme-ng's, a live copy of this system with another
# kernel, on that script's variables.
# shellcheck disable=SC2154

# virtme_fits: what vng cannot do, or not so that its result could be trusted, is refused.
virtme_fits()
{
	command -v vng >/dev/null ||
		die 125 "--virtme: vng is not installed; install virtme-ng (in Debian from trixie on), or leave --virtme out"
	[ -z "$insn$seed$plugin" ] ||
		die 125 "--virtme: instruction mode, --seed and --plugin need a guest that is the same each time; leave --virtme out"
	[ -z "$numa" ] || die 125 "--virtme: takes no --numa; leave one of them out"
	if ! grep -qsE '^CONFIG_VIRTIO_(PCI|MMIO)=y' "$config" || ! grep -qsE '^CONFIG_(9P_FS|VIRTIO_FS)=y' "$config"; then
		die 125 "--virtme: $release has virtio and 9p or virtiofs not built in; take a kernel of your own as --kernel IMAGE:BUILD, which 'vng --kconfig' configures so"
	fi
}

# virtme_run: sets rc.  The guest reads the tree where it lies and writes to the directory
# of the run, and to --out.
virtme_run()
{
	local command=(vng --run "$vmlinux" --cpus "$smp" --memory "${mem:-512}M" --user root
		--cwd "$TREE" --rwdir "$run")

	[ -z "$out" ] || command+=(--rwdir "$out")
	# As in qemu_arguments().
	have_kvm || command+=(--disable-kvm "--qemu-opts=-accel tcg,thread=single")
	[ -z "$append" ] || command+=(--append "$append")
	rc=0
	cd "$TREE" || exit 125
	if [ -n "$shell" ]; then
		"${command[@]}" || rc=$?
	else
		timeout -k 5 "${timeout:=300}" "${command[@]}" --exec "$(quote "$here/guest-virtme" "$run" "$module" "$out")" \
			</dev/null || rc=$?
	fi
	cd "$run" || exit 125
}

# virtme_verdict: leaves with the exit status of scripts/vm.
virtme_verdict()
{
	[ -z "$shell" ] || exit "$rc"
	case $rc in
	124|137)
		die 124 "no end after $timeout s; without --virtme the guest's stacks are shown, --timeout gives more" ;;
	esac
	[ -s status ] || die 125 "vng ended with status $rc and the guest gave no verdict; run it with vng --verbose to see its console"
	if complaints "$(cat tainted)" >&2; then
		die 99 "the kernel complained; all of it is in $run/dmesg"
	fi
	exit "$(cat status)"
}
