#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/ktap-sum counts right, and calls a failure a failure.

sum=$(dirname "$0")/../../scripts/ktap-sum
n=0

# expect NAME STATUS LASTLINE: what ktap-sum says to stdin.
expect()
{
	local got status last

	got=$("$sum")
	status=$?
	last=${got##*$'\n'}
	n=$((n + 1))
	if [ $status = "$2" ] && [ "$last" = "$3" ]; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
		printf '# wanted status %s: %s\n# got status %s: %s\n' "$2" "$3" "$status" "${got//$'\n'/$'\n# '}"
	fi
}

echo "KTAP version 1"
echo "1..14"

expect "passed, failed, skipped" 1 "1 passed, 1 failed, 1 skipped" <<'END'
TAP version 13
1..3
ok 1 a
not ok 2 b
ok 3 c # SKIP no device
END

expect "all passed" 0 "2 passed, 0 failed, 0 skipped" <<'END'
KTAP version 1
1..2
ok 1 a
ok 2 b
END

expect "nested results count once" 0 "1 passed, 0 failed, 0 skipped" <<'END'
KTAP version 1
1..1
    KTAP version 1
    1..2
    ok 1 inner
    not ok 2 inner # TODO
# ok 1 commented
# not ok 2 commented
ok 1 outer
END

expect "nothing ran" 1 "0 passed, 1 failed, 0 skipped" </dev/null

expect "died before the plan was complete" 1 "1 passed, 1 failed, 0 skipped" <<'END'
# suite x
TAP version 13
1..3
ok 1 a
# suite-end x 0
END

expect "a crash that reported failures is not counted again" 1 "0 passed, 1 failed, 0 skipped" <<'END'
# suite x
1..1
not ok 1 a
# suite-end x 1
END

expect "exit status without a failed test" 1 "1 passed, 1 failed, 0 skipped" <<'END'
# suite x
1..1
ok 1 a
# suite-end x 139
END

expect "no KTAP: the exit status is the result" 1 "1 passed, 1 failed, 1 skipped" <<'END'
# suite a
hello
# suite-end a 0
# suite b
# suite-end b 1
# suite c
# suite-end c 4
END

expect "a suite that does not end" 1 "1 passed, 1 failed, 0 skipped" <<'END'
# suite x
1..1
ok 1 a
END

expect "the next suite begins before this one ended" 1 "1 passed, 1 failed, 0 skipped" <<'END'
# suite x
# suite y
1..1
ok 1 a
# suite-end y 0
END

expect "results without a plan" 1 "1 passed, 1 failed, 0 skipped" <<'END'
# suite x
ok 1 a
# suite-end x 0
END

expect "a whole program skipped" 0 "0 passed, 0 failed, 1 skipped" <<'END'
# suite x
TAP version 13
1..0 # SKIP no device
# suite-end x 4
END

expect "the kernel complained" 1 "1 passed, 1 failed, 0 skipped" <<'END'
# suite x
1..1
ok 1 a
# suite-end x 0 the kernel complained
END

expect "two documents in one suite, the first incomplete" 1 "2 passed, 1 failed, 0 skipped" <<'END'
# suite x
TAP version 13
1..2
ok 1 a
TAP version 13
1..1
ok 1 b
# suite-end x 0
END
