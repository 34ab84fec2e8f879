#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The example pair of examples/, as two processes that meet by name, on each backend.

cd "$(dirname "$0")" || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# pass NUMBER BACKEND: what is sent arrives; the receiver is there when its name is.
pass()
{
	export IPCRING_BACKEND="$2"
	./receiver example >"$dir/out" &
	receiver=$!
	until ./sender example <"$dir/in" 2>"$dir/why"; do
		grep -q 'no channel of that name' "$dir/why" && kill -0 $receiver && continue
		sed 's/^/# /' "$dir/why"
		break
	done
	if wait $receiver && cmp "$dir/in" "$dir/out"; then
		echo "ok $1 $2: 2000 messages by name"
	else
		echo "not ok $1 $2: 2000 messages by name"
	fi
}

echo "TAP version 13"
echo "1..2"
seq 1 2000 >"$dir/in"
pass 1 memfd
if [ -e /dev/ipcring ]; then
	pass 2 module
else
	echo "ok 2 module # SKIP no /dev/ipcring; load ipcring.ko"
fi
