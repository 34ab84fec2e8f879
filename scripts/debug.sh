# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # here comes from lib.sh
# Kernels with checks of their own, built from Debian's source.
# Sourced by scripts/kernels; needs lib.sh, apt.sh and unpack.sh.

# debug_config NAME: what it is configured by, without the comments.
debug_config()
{
	grep -hE '^(# )?CONFIG_' "$here/debug.config" "$here/debug-${1#*-}.config"
}

# debug_key NAME: kernels of different configurations lie side by side.
debug_key()
{
	echo "$1-$(debug_config "$1" | sha256sum | head -c 8)"
}

# configure NAME: in the current directory, and nothing may be lost in it.
configure()
{
	local line lost=''

	make -s tinyconfig && debug_config "$1" >>.config && make -s olddefconfig || return
	while read -r line; do
		case $line in
		CONFIG_*)	grep -qxF -- "$line" .config || lost+=" $line" ;;
		"# CONFIG_"*)	line=${line#\# }
				! grep -q "^${line% is not set}=" .config || lost+=" $line" ;;
		esac
	done < <(debug_config "$1")
	[ -z "$lost" ] || die 4 "these lines of debug.config and debug-${1#*-}.config did not come out as asked:$lost"
}

# What a module is built with: as in Debian's linux-headers, but in one directory.
module_tree()
{
	local dir=$1

	mkdir -p "$dir" || return
	{
		echo .config
		echo Module.symvers
		find . arch/x86 -maxdepth 1 -name 'Makefile*'
		find include scripts arch/x86/include -type f ! -name '*.o' ! -name '.*.cmd' \
			! -path 'include/dt-bindings/*'
		find arch/x86/Kbuild arch/x86/scripts tools/objtool/objtool \
			tools/bpf/resolve_btfids/resolve_btfids -type f 2>/dev/null || true
	} | tar -c -T - | tar -x -C "$dir" &&
		objcopy -j .BTF vmlinux "$dir/vmlinux"
}

# build_debug NAME FINAL
build_debug()
{
	local name=$1 final=$2 log rel

	log=$CACHE/logs/${final##*/}.log
	directory "${log%/*}"
	need dpkg-deb tar xz make gcc flex bison bc lz4 pahole objcopy
	apt_locked true || exit
	tmp=$(mktemp -d "$final.XXXXXX")
	mkdir "$tmp/src"
	apt_download "$tmp/debs" linux-source-6.1
	dpkg-deb -f "$tmp"/debs/linux-source-6.1_*.deb Version >"$tmp/version"
	dpkg-deb --fsys-tarfile "$tmp"/debs/linux-source-6.1_*.deb |
		tar -x -O ./usr/src/linux-source-6.1.tar.xz | xz -dc -T0 |
		tar -x -C "$tmp/src" --strip-components=1 --exclude='*/Documentation/*/*'
	rm -r "$tmp/debs"
	note "building $name, which takes 10 to 20 minutes on two CPUs; the log is $log"
	(
		cd "$tmp/src" && configure "$name" &&
			nice make -j"$(nproc)" KBUILD_BUILD_USER=ipcscope KBUILD_BUILD_HOST=ipcscope \
				KBUILD_BUILD_TIMESTAMP="$(date -u -r Makefile)" bzImage modules &&
			module_tree "$tmp/tree"
	) >"$log" 2>&1 9>&- </dev/null || die 4 "kernel $name does not build; see $log"
	rel=$(cat "$tmp/src/include/config/kernel.release")
	mkdir -p "$tmp/headers/usr/src"
	mv "$tmp/tree" "$tmp/headers/usr/src/linux-headers-$rel"
	cp "$tmp/src/.config" "$tmp/config"
	cp "$tmp/src/arch/x86/boot/bzImage" "$tmp/bzImage"
	strip --strip-debug -o "$tmp/vmlinux" "$tmp/src/vmlinux"
	ln -s "headers/usr/src/linux-headers-$rel" "$tmp/build"
	echo "$rel" >"$tmp/release"
	rm -r "$tmp/src"
	chmod 755 "$tmp"
	mv -T "$tmp" "$final"
}
