#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/check, lint, kmod and vm: wrong arguments are refused in one line that
# names them, before anything is built or fetched.

scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export XDG_CACHE_HOME=$tmp/cache
n=0

# refused STATUS WORD COMMAND...
refused()
{
	local want=$1 word=$2 status
	shift 2

	"$scripts/$1" "${@:2}" >"$tmp/stdout" 2>"$tmp/stderr" </dev/null
	status=$?
	n=$((n + 1))
	if [ "$status:$(grep -cF -- "$word" "$tmp/stderr"):$(wc -l <"$tmp/stderr"):$(wc -c <"$tmp/stdout")" = "$want:1:1:0" ]; then
		echo "ok $n $*"
	else
		echo "not ok $n $*: status $status"
		sed 's/^/# /' "$tmp/stderr"
	fi
}

echo "KTAP version 1"
echo "1..12"

refused 2 --everything check --everything
refused 2 --kernels check --kernels
refused 2 --kernels check --kernels "  "
refused 2 9.9-nt check --kernels "6.1 9.9-nt"
refused 2 --rooms check --rooms ""
refused 2 attic check --rooms "chan attic"
refused 2 none check --jobs none
refused 2 elegance lint elegance
refused 2 9.9-nt kmod 9.9-nt
refused 125 --memory vm --memory 12 -- true
refused 125 lots vm --mem lots -- true
n=$((n + 1))
[ -e "$tmp/cache" ] && printf 'not '
echo "ok $n nothing was fetched"
