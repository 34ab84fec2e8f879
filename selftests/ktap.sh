# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# For the scripts that test on the host: a directory for what they make, and results.

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0

# check NAME COMMAND...: one result, that COMMAND succeeds; if not, $tmp/log is shown, and
# what a test may have kept of an earlier command in status and out.
check()
{
	local name=$1
	shift

	n=$((n + 1))
	if "$@"; then
		echo "ok $n $name"
	else
		sed 's/^/# /' "$tmp/log" 2>/dev/null
		[ -z "${status:-}" ] || printf '# status %s, stdout: %.2000q\n' "$status" "${out:-}"
		echo "not ok $n $name"
	fi
}
