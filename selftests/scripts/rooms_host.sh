#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/check: what of a room runs on the host, with which kernel, and in a guest.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/selftests/ktap.sh"

# file NAME [LINE...]: an executable one
file()
{
	mkdir -p "$tmp/tree/${1%/*}"
	printf '%s\n' "${@:2}" >"$tmp/tree/$1"
	chmod +x "$tmp/tree/$1"
}

# ask ROOMS COMMAND...: of guests.sh, with these --rooms ("" all); what it says, in one line.
ask()
{
	# shellcheck disable=SC2034,SC2016 # guests.sh's; bash's to expand
	TREE=$tmp/tree rooms=$1 bash -c '
		. "$0/scripts/guests.sh"
		"$@" 2>&1' "$top" "${@:2}" >"$tmp/log"
	paste -sd ' ' "$tmp/log"
}

file selftests/plain/a_host.sh
file selftests/plain/guest.sh
file selftests/lab/one_host.sh
file selftests/lab/two_host.sh
file selftests/lab/settings timeout=9 "with=6.1-kasan one two" "with=6.1-kcsan two"
file build/tests/unit

echo "KTAP version 1"
echo "1..7"
check "the host runs what belongs to no kernel" \
	[ "$(ask '' host_tests)" = "build/tests/unit selftests/plain/a_host.sh" ]
check "a kernel has its own" [ "$(ask '' kernel_tests 6.1-kcsan)" = "selftests/lab/two_host.sh" ]
check "or several" \
	[ "$(ask '' kernel_tests 6.1-kasan)" = "selftests/lab/one_host.sh selftests/lab/two_host.sh" ]
check "or none" [ -z "$(ask '' kernel_tests 6.1)" ]
check "--rooms without the room" [ -z "$(ask plain kernel_tests 6.1-kasan)" ]
check "a guest runs what is not the host's" [ "$(ask '' room_tests plain TEST_PROGS)" = selftests/plain/guest.sh ]
check "and nothing of such a room" [ -z "$(ask '' room_tests lab TEST_PROGS)" ]
