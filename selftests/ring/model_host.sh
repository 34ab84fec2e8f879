#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The model checker; that the kernel's functions are still those which it repeats; and
# that each litmus file names a program that it has run.
top=$(cd "$(dirname "$0")/../.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$top/build/ring/model" | grep -v '^1\.\.' | tee "$log"
status=${PIPESTATUS[0]} n=$(grep -cE '^(not )?ok ' "$log")
n=$((n + 1))
if drift=$("$top/selftests/ring/model/kernel_text.sh"); then
	echo "ok $n the kernel's functions are those of model/kernel.txt"
else
	echo "# ${drift//$'\n'/$'\n# '}"
	echo "not ok $n the kernel's functions are those of model/kernel.txt"
	status=1
fi
for file in "$top"/litmus/*.litmus; do
	name=$(basename "$file" .litmus) n=$((n + 1))
	program=$(awk -F '\t+' -v name="$name" '$2 == name { print $3 }' "$top/litmus/README")
	if [ -n "$program" ] && grep -qE "^ok [0-9]+ $program(:| \(x86\):)" "$log" &&
	   [ "$(head -n 1 "$file")" = "C $name" ]; then
		echo "ok $n $name: $program"
	else
		echo "not ok $n $name: its program '$program' did not pass, or litmus/README lacks it"
		status=1
	fi
done
echo "1..$n"
exit "$status"
