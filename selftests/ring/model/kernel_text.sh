#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's functions that the model repeats, checked against kernel.txt: who changes
# one changes the model's, too, then updates the list.
#
#   kernel_text.sh [-u]		-u: print the list with the sums of today
top=$(cd "$(dirname "$0")/../../.." && pwd)
list=$top/selftests/ring/model/kernel.txt

# The text of function $2 in file $1, without comments and line breaks.
text()
{
	gcc -fpreprocessed -E -P -x c "$top/$1" 2>/dev/null |
		awk -v name="$2" '
			!on && $0 ~ "^[a-z].*[ *]" name "\\(" { on = 1; body = "" }
			on { body = body $0 "\n" }
			on && /;$/ && !/^[\t }]/ { on = 0 }
			on && /^}/ { printf "%s", body; exit }' |
		tr -s ' \t\n' ' '
}

status=0
while read -r file function model sum; do
	now=$(text "$file" "$function" | cksum | cut -d ' ' -f 1)
	if [ "$1" = -u ]; then
		printf '%s\t%s\t%s\t%s\n' "$file" "$function" "$model" "$now"
	elif [ "$now" != "$sum" ]; then
		echo "$file: $function() is not what the model knows: look at" \
		     "selftests/ring/model/$model, then set its sum to $now in kernel.txt"
		status=1
	fi
done <"$list"
exit $status
