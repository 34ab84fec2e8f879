# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What Debian's kernel packages are called and what is where in them.
# Sourced by scripts/kernels; needs lib.sh.

# meta NAME: the package that always depends on the newest such kernel.
meta()
{
	case "$1" in
	6.1)		echo linux-image-amd64 ;;
	6.1-*)		echo "linux-image-${1#6.1-}-amd64" ;;
	6.12)		echo linux-image-6.12-amd64 ;;
	6.12-*)		echo "linux-image-6.12-${1#6.12-}-amd64" ;;
	esac
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

unpack_image()
{
	local rel=$1 deb=$2 dir=$3

	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -C "$dir" "./boot/vmlinuz-$rel" "./boot/config-$rel"
	mv "$dir/boot/config-$rel" "$dir/config"
	decompress "$dir/boot/vmlinuz-$rel" >"$dir/vmlinux"
	rm -r "${dir:?}/boot"
	[ "$(head -c 4 "$dir/vmlinux")" = $'\177ELF' ] ||
		die 4 "$deb: its kernel did not decompress to an ELF file; remove it and try again"
}

# The headers name each other by /usr/src, and will lie in the cache.
unpack_headers()
{
	local rel=$1 dir=$2 final=$3 deb
	shift 3

	for deb; do
		dpkg-deb -x "$deb" "$dir/headers"
	done
	sed -i "s#/usr/src/#$final/headers/usr/src/#g" "$dir"/headers/usr/src/linux-headers-*/Makefile
	ln -s "headers/usr/src/linux-headers-$rel" "$dir/build"
}
