#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/lint: the rules for mechanisms see what breaks them, and nothing else.

lint=$(realpath "$(dirname "$0")/../../scripts/lint")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TREE=$tmp
mkdir -p "$tmp/scripts" "$tmp/user/mech"
git init -q "$tmp"
n=0

# expect NAME STATUS WORDS RULE: what the rule says to the tree as it is now.
expect()
{
	local out status=0

	git -C "$tmp" add -A
	out=$("$lint" "$4" 2>&1) || status=$?
	n=$((n + 1))
	if [ $status = "$2" ] && grep -qF -- "$3" <<<"$out"; then
		echo "ok $n $1"
	else
		printf '%s\n' "$out" | sed 's/^/# /'
		echo "not ok $n $1: status $status of $2"
	fi
}

calls="printf fprintf puts fork vfork clone exit _exit system sched_setaffinity pthread_create
	clock_gettime time __rdtsc nanosleep clock_nanosleep usleep sleep alarm timerfd_create getopt"

echo "KTAP version 1"
# shellcheck disable=SC2086 # words
echo "1..$((5 + $(wc -w <<<$calls)))"

cat >"$tmp/user/mech/some.c" <<'END'
/* It never calls printf() nor fork(), nor usleep(1). */
int some_fork(const char *text);

int some(const struct other *o)
{
	return o->fork(1) + some_fork("exit(1)") + sem_clockwait(o) + snprintf(o->buf, 1, "");
}
END
expect "a mechanism that calls none of it" 0 "ok 1 mechanisms" mechanisms
for call in $calls; do
	printf 'int some(void)\n{\n\treturn %s(1);\n}\n' "$call" >"$tmp/user/mech/some.c"
	expect "a mechanism that calls $call" 1 "return $call(1);" mechanisms
done
rm "$tmp/user/mech/some.c"
printf 'static inline int some(void)\n{\n\treturn fork();\n}\n' >"$tmp/user/mech/some.h"
expect "a header of mechanisms that does" 1 "return fork();" mechanisms
yes '/* line */' | head -n 150 >"$tmp/user/mech/some.h"
expect "150 lines" 0 "ok 1 lengths" lengths
cp "$tmp/user/mech/some.h" "$tmp/user/mech/other.c"
echo '/* line */' >>"$tmp/user/mech/some.h"
expect "151 lines of a header" 1 "user/mech/some.h: 151 lines; 150 is the limit" lengths
rm "$tmp/user/mech/some.h"
echo '/* line */' >>"$tmp/user/mech/other.c"
expect "151 lines of a mechanism" 1 "user/mech/other.c: 151 lines; 150 is the limit" lengths
