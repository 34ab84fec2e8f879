# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# apt with lists, cache and state of our own, on the system's sources and keys.
# Sourced by scripts/kernels; needs lib.sh.

apt_dir=$CACHE/apt
apt_suite=		# one of another Debian than the system's
apt_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# The system's transport settings (proxies, certificates) are kept; its hooks
# are not, since they may clean up what is not ours.
apt_setup()
{
	command -v apt-get >/dev/null ||
		die 3 "apt-get: command not found; the kernels are Debian's, so fetch them on Debian 12"
	mkdir -p "$apt_dir"/{lists/partial,archives/partial,parts}
	: >"$apt_dir/status"
	{
		apt-config dump --format '%F "%v";%n' Acquire
		cat <<-END
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "$apt_dir/parts";
			Dir::State "$apt_dir";
			Dir::State::lists "$apt_dir/lists";
			Dir::State::status "$apt_dir/status";
			Dir::Cache "$apt_dir";
			Dir::Cache::archives "$apt_dir/archives";
			APT::Sandbox::User "";
			Acquire::Languages "none";
			Acquire::Retries "3";
		END
		[ -z "$apt_suite" ] || cat <<-END
			Dir::Etc::sourcelist "$apt_dir/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
		END
	} >"$apt_dir/apt.conf.$$"
	mv "$apt_dir/apt.conf.$$" "$apt_dir/apt.conf"
}

# apt_from SUITE: from now on that suite, from the mirror of the system's Debian
# and checked with Debian's keys, and nothing else.
apt_from()
{
	local uri

	[ -r "$apt_keys" ] ||
		die 3 "$apt_keys: cannot be read; install debian-archive-keyring, packages of $1 are checked with it"
	# shellcheck disable=SC2016 # for apt to expand
	uri=$(apt_locked apt_run apt-get indextargets --format '$(REPO_URI) $(CODENAME)' \
		'Created-By: Packages' 'Origin: Debian' 'Component: main' |
		awk '$2 ~ /^[a-z]+$/ && !n++ { print $1 }')
	[ -n "$uri" ] || die 3 "$1: no mirror to fetch it from; the apt sources must name a suite of Debian itself, as Debian 12's do"
	apt_suite=$1 apt_dir=$CACHE/apt-$1
	directory "$apt_dir"
	echo "deb [signed-by=$apt_keys] $uri $1 main" >"$apt_dir/sources.list.$$"
	mv "$apt_dir/sources.list.$$" "$apt_dir/sources.list"
}

apt_run()
{
	APT_CONFIG=$apt_dir/apt.conf "$@" 8>&- 9>&- </dev/null
}

# Lists younger than a day are good enough.  A source that does not answer may be
# one that has none of our packages, so it is no failure yet.
apt_update()
{
	[ -n "$(find "$apt_dir/updated" -mmin -1440 2>/dev/null)" ] && return
	! apt_run apt-get -qq --error-on=any update >&2 || touch "$apt_dir/updated"
}

# apt_locked COMMAND...: one at a time works on the lists.
apt_locked()
{
	directory "$apt_dir"
	(
		flock 8
		apt_setup
		apt_update
		"$@"
	) 8>"$apt_dir/lock"
}

# apt_dependencies PACKAGE REGEX: its direct dependencies that match, one a line.
apt_dependencies()
{
	apt_locked apt_run apt-cache depends --no-recommends --no-suggests "$1" |
		awk -v re="$2" '/Depends:/ && $NF ~ re { print $NF }'
}

# apt_dependency PACKAGE REGEX: the first of them; fails if there is none.
apt_dependency()
{
	apt_dependencies "$@" | awk 'NR == 1; END { exit !NR }'
}

# apt_newest REGEX: the highest package name that matches; fails if there is none.
apt_newest()
{
	apt_locked apt_run apt-cache search --names-only "$1" |
		awk '{ print $1 }' | sort -V | awk '{ name = $0 } END { if (NR) print name; exit !NR }'
}

# apt_lacks PACKAGE NAME: it cannot be had; say why.
apt_lacks()
{
	[ -e "$apt_dir/updated" ] ||
		die 4 "$1: the package lists could not be fetched (apt's messages are above); check the network and the proxy"
	[ -z "$apt_suite" ] || die 3 "$1: no longer in $apt_suite; kernel $2 needs a mirror that has it"
	die 3 "$1: not in this system's apt sources; kernel $2 needs those of Debian 12"
}

# apt_download DIR PACKAGE...: the .deb files, verified by apt, into DIR.
apt_download()
{
	local dir=$1
	shift

	directory "$dir"
	printf 'kernels: fetching %s\n' "$*" >&2
	(cd "$dir" && apt_locked apt_run apt-get -qq download "$@" >&2) ||
		die 4 "apt-get download $* failed; remove $apt_dir/updated to refresh the lists and try again"
}

# apt_closure DIR PACKAGE...: the same with all that they depend on.
apt_closure()
{
	local dir=$1
	shift

	directory "$dir/partial"
	printf 'kernels: fetching %s and what they need, from %s\n' "$*" "$apt_suite" >&2
	apt_locked apt_run apt-get -qq -y -o Dir::Cache::archives="$dir" -o Debug::NoLocking=1 \
		--no-install-recommends --download-only install "$@" >&2 ||
		die 4 "apt-get could not fetch $*; remove $apt_dir/updated to refresh the lists and try again"
}
