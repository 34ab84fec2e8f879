# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What Debian's kernel packages are called and what is where in them.
# Sourced by scripts/kernels; needs lib.sh.

# find_image NAME: the newest such kernel's package.  Debian 12 has one that always
# depends on it; the suites of others go on to the next series.
find_image()
{
	local name=$1 flavour meta image

	flavour=${name#*-}
	[ "$flavour" != "$name" ] || flavour=
	flavour=${flavour:+$flavour-}amd64
	case "$name" in
	6.1|6.1-*)	meta=linux-image-$flavour ;;
	6.12|6.12-*)	meta=linux-image-6.12-$flavour ;;
	*)	meta="linux-image-${name%%-*}.*-$flavour"
		apt_newest "^linux-image-${name%%-*}\\.[0-9.]+\\+deb[0-9]+-$flavour\$" || apt_lacks "$meta" "$name"
		return ;;
	esac
	image=$(apt_dependency "$meta" '^linux-image-') || apt_lacks "$meta" "$name"
	[[ ${image#linux-image-} == "${name%%-*}".* ]] ||
		die 3 "kernel $name: the apt sources offer ${image#linux-image-} instead; they must be those of Debian 12"
	echo "$image"
}

# decompress VMLINUZ: the payload lies where the boot protocol's header says
# (Documentation/arch/x86/boot.rst); its last four bytes are its length.
decompress()
{
	local sects off len

	sects=$(od -An -tu1 -j $((0x1f1)) -N1 "$1")
	off=$(od -An -tu4 -j $((0x248)) -N4 "$1")
	len=$(od -An -tu4 -j $((0x24c)) -N4 "$1")
	off=$(((sects + 1) * 512 + off))
	payload() { dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip="$off" count=$((len - 4)) status=none; }

	case "$(od -An -tx1 -j "$off" -N4 "$1")" in
	" fd 37 7a 58")	payload "$1" | xz -dc ;;
	" 28 b5 2f fd")	payload "$1" | zstd -dqc ;;
	" 02 21 4c 18")	payload "$1" | lz4 -dqc ;;
	*)		die 4 "$1: compressed in a way that scripts/kernels does not know; teach it" ;;
	esac
}

# unpack_image DIR DEB...: its kernel and configuration, wherever they lie in there.
unpack_image()
{
	local dir=$1 deb
	shift

	mkdir "$dir/image"
	for deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$dir/image" --exclude='*.ko' --exclude='*.ko.xz' --exclude='./usr/share'
	done
	find "$dir/image" -type f -name 'config*' -exec mv {} "$dir/config" \;
	find "$dir/image" -type f -name 'vmlinuz*' -exec mv {} "$dir/vmlinuz" \;
	rm -r "$dir/image"
	[ -f "$dir/config" ] || rm -f "$dir/vmlinuz"
	[ -f "$dir/vmlinuz" ] ||
		die 4 "$*: no kernel or no configuration in there; teach scripts/unpack.sh where they are"
	decompress "$dir/vmlinuz" >"$dir/vmlinux"
	rm "$dir/vmlinuz"
	[ "$(head -c 4 "$dir/vmlinux")" = $'\177ELF' ] ||
		die 4 "$*: its kernel did not decompress to an ELF file; try again"
}

# The headers name each other by /usr/src, and will lie in the cache.
unpack_headers()
{
	local rel=$1 dir=$2 final=$3 deb valid
	shift 3

	for deb; do
		dpkg-deb -x "$deb" "$dir/headers"
	done
	sed -i "s#/usr/src/#$final/headers/usr/src/#g" "$dir"/headers/usr/src/linux-headers-*/Makefile
	# A script that linux-kbuild lacks: without it, kbuild ignores C=2.
	valid=$(echo "$dir"/headers/usr/lib/linux-kbuild-*/scripts)/checker-valid.sh
	if [ ! -e "$valid" ]; then
		# shellcheck disable=SC2016 # for the shell that runs it
		printf '#!/bin/sh\ncommand -v "$1" >/dev/null && echo 1\n' >"$valid"
		chmod +x "$valid"
	fi
	ln -s "headers/usr/src/linux-headers-$rel" "$dir/build"
}
