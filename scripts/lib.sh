# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Common to the scripts: where things are, and how a script says no.
# Sourced, never run.

set -Eeuo pipefail
trap 'printf "%s: line %d of %s failed\n" "${0##*/}" "$LINENO" "${BASH_SOURCE[0]}" >&2' ERR
export LC_ALL=C
umask 022

# die STATUS MESSAGE: one line that names the value and the remedy.
die()
{
	printf '%s: %s\n' "${0##*/}" "$2" >&2
	exit "$1"
}

# note MESSAGE: progress, on stderr.
note()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
}

# usage: the comment block at the head of the calling script, without its '# '.
usage()
{
	sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

# directory DIR: make it, and be able to write there.
directory()
{
	mkdir -p "$1" 2>/dev/null && [ -w "$1" ] && return
	die 125 "$1: cannot be made or written; check its owner, its file system and the space left"
}

need()
{
	local tool

	for tool; do
		command -v "$tool" >/dev/null ||
			die 125 "$tool: command not found; run scripts/deps, which installs it"
	done
}

# own_kernel STATUS KERNEL: is it IMAGE:BUILD, a kernel image and the directory it was built
# in?  Then image, kdir and release are set, or the script ends with STATUS; if it is the
# name of a kernel of the shelf, this fails.
own_kernel()
{
	[[ $2 == *:* ]] || return 1
	image=$(realpath -m "${2%%:*}") kdir=$(realpath -m "${2#*:}")
	if [ -d "$image" ] || [ ! -r "$image" ]; then
		die "$1" "$2: ${2%%:*} cannot be read; name a kernel image, then a colon and its build directory"
	fi
	release=$(cat "$kdir/include/config/kernel.release" 2>/dev/null) ||
		die "$1" "$2: no kernel was built in ${2#*:}; name the directory that make was run in, or O= of it"
}

# kernel_label STATUS KERNEL: what a file or a column about it is called.
kernel_label()
{
	local image kdir release=$2

	own_kernel "$@" || true
	echo "$release"
}

# Where the scripts are, and the tree: theirs, or the one named by $TREE.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TREE=${TREE:-${here%/*}}
[ -d "$TREE/scripts" ] || [ -d "$TREE/kmod" ] ||
	die 125 "TREE=$TREE: not an ipcscope tree; unset TREE or name one"

[ -n "${XDG_CACHE_HOME:-}${HOME:-}" ] ||
	die 125 "neither HOME nor XDG_CACHE_HOME is set; set one, the cache lies there"
# shellcheck disable=SC2034 # used by the scripts that source this
BUILD=$TREE/build CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/ipcscope

# tracked PATHSPEC...: the tracked files, NUL-separated, in byte order.  A clone
# that belongs to somebody else is read all the same; where there is no
# repository, everything that was not built is.
tracked()
{
	if [ ! -e "$TREE/.git" ]; then
		(cd "$TREE" && find . -path ./build -prune -o -type f -printf '%P\0' | sort -z)
		return
	fi
	git -C "$TREE" -c safe.directory='*' ls-files -z -- "$@" | sort -z
}
