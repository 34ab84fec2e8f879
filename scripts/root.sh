# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Root directories with the compiler, the C library and the build tools of another
# Debian, for kernels whose headers do not work with the system's.
# Sourced by scripts/kernels; needs lib.sh and apt.sh.

# What kbuild calls, and what the programs in linux-kbuild are linked with.
root_packages=(
	base-files dash bash coreutils findutils diffutils grep sed mawk
	gcc-14 make pahole kmod perl-base
	libc6 libelf1t64 libssl3t64 zlib1g
)
# Before 0.6.5 sparse does not know __typeof_unqual__, which 7.3's headers use.
root_sparse=forky

# root_suite NAME: the Debian that kernel NAME is to be built on, if not this one.
root_suite()
{
	case "$1" in
	7.3|7.3-*)	echo trixie ;;
	esac
}

# root_key SUITE: names what the directory holds.
root_key()
{
	echo "$1-$(echo "${root_packages[@]}" "$root_sparse" | sha256sum | head -c 8)"
}

# fetch_root SUITE FINAL: the packages are unpacked, not installed: none of their
# scripts run, so that it takes no privilege, and nothing in there is running.
fetch_root()
{
	local suite=$1 final=$2 deb

	need dpkg-deb tar
	apt_from "$suite"
	tmp=$(mktemp -d "$final.XXXXXX")
	apt_closure "$tmp/debs" "${root_packages[@]}"
	apt_from "$root_sparse"
	apt_download "$tmp/debs" sparse
	for deb in "$tmp"/debs/base-files_*.deb "$tmp"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$tmp" --no-same-owner --keep-directory-symlink \
				--exclude='./usr/share/doc' --exclude='./usr/share/locale' \
				--exclude='./usr/share/man' --exclude='./usr/share/info' \
				--exclude='*/lto1' --exclude='*/lto-dump*' --exclude='*/lib*san.so*'
	done
	rm -r "$tmp/debs"
	ln -s mawk "$tmp/usr/bin/awk"
	mkdir -p "$tmp/mnt"
	chmod 755 "$tmp"
	mv -T "$tmp" "$final"
}
