# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The modules of Debian's kernels that mechanisms rest on, for the guest.
# Sourced by scripts/kernels; needs lib.sh and apt.sh.

# With those that they depend on. Not every kernel has them all.
modules=(veth vsock vmw_vsock_virtio_transport_common vsock_loopback binder_linux)

# modules_place DIR: in there, those of that kernel; the name tells which they are.
modules_place()
{
	echo "$1/modules-$(echo "${modules[@]}" | sha256sum | head -c 8)"
}

# modules_of DEB: the paths of ours in there.
modules_of()
{
	dpkg-deb -c "$1" | awk -v want="${modules[*]}" '
		BEGIN {
			n = split(want, name, " ")
			for (i = 1; i <= n; i++)
				wanted[name[i]]
		}
		$NF ~ /\.ko(\.[a-z0-9]+)?$/ {
			base = $NF
			sub(/.*\//, "", base)
			sub(/\.ko.*/, "", base)
			gsub(/-/, "_", base)
			if (base in wanted)
				print $NF
		}'
}

# unpack_modules DIR RELEASE DEB...: DIR/modules-... becomes what /lib/modules/RELEASE is
# to be: ours in one directory, as they were signed, with depmod's files.
unpack_modules()
{
	local dir=$1 rel=$2 place deb file name
	shift 2

	place=$dir/image/lib/modules/$rel
	mkdir -p "$place"
	for deb; do
		modules_of "$deb" >"$dir/image/files"
		[ -s "$dir/image/files" ] || continue
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/image" -T "$dir/image/files" --transform 's#.*/##;s#-#_#g'
	done
	for file in "$dir"/image/*.ko*; do
		case $file in
		*.ko)	;;
		*.xz)	xz -d "$file" ;;
		*.zst)	zstd -dq --rm "$file" ;;
		*)	die 4 "${file##*/}: no module of kernel $rel, or compressed in a way that scripts/modules.sh does not know; teach it" ;;
		esac
	done
	mv "$dir"/image/*.ko "$place"
	for file in "$place"/*.ko; do
		for name in $(modinfo -F depends "$file" | tr ',-' ' _'); do
			[ -e "$place/$name.ko" ] || die 4 "${file##*/} of kernel $rel needs $name; add it to scripts/modules.sh"
		done
	done
	touch "$place"/modules.{order,builtin,builtin.modinfo}
	depmod -b "$dir/image" "$rel"
	rm -f "$place"/modules.{order,builtin*,*.bin}
	mv -T "$place" "$(modules_place "$dir")"
	rm -r "$dir/image"
}

# fetch_modules NAME FINAL: for a kernel that came without; only its own will do.
fetch_modules()
{
	local name=$1 final=$2 dir rel parts

	dir=${final%/*}
	rel=$(cat "$dir/release")
	need dpkg-deb tar xz zstd modinfo depmod
	apt_locked true || exit
	[ -z "$(root_suite "$name")" ] || apt_from "$(root_suite "$name")-backports"
	mapfile -t parts < <(apt_dependencies "linux-image-$rel" '^linux-modules-[0-9]')
	[ ${#parts[@]} -gt 0 ] || parts=("linux-image-$rel")
	tmp=$(mktemp -d "$dir/modules.XXXXXX")
	(apt_download "$tmp/debs" "${parts[@]/%/=$(cat "$dir/version")}") ||
		die 4 "the modules of kernel $rel cannot be had any more; remove $dir to fetch a newer kernel"
	unpack_modules "$tmp" "$rel" "$tmp"/debs/*.deb
	chmod 755 "$(modules_place "$tmp")"
	mv -T "$(modules_place "$tmp")" "$final"
	rm -r "$tmp"
}
