#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory that nobody points to any more fails scripts/guest-tests on 6.1-kasan: kmemleak.

. "$(dirname "$0")/lab.sh"

# The test that leaves it behind passes. guest-tests gives it no arguments: they are in a file.
program()
{
	cat >"$tmp/tree/test" <<-'END'
		#!/bin/sh
		cd /ipcscope || exit
		insmod $(cat insmod) && echo "ok 1 test"
		echo "1..1"
	END
	chmod +x "$tmp/tree/test"
}

lab 6.1-kasan leak sh -c 'echo "$@" >insmod; exec scripts/guest-tests lab 1 test' sh
program
caught 'kmemleak: [0-9]+ new suspected memory leaks'
check "guest-tests says so, and where from" grep -q '^# .*plant_leak' "$tmp/out"
check "and nothing else" [ "$(grep -E '^(not )?ok' "$tmp/out")" = "ok 1 test
not ok 1 nothing was leaked
ok 2 the module unloads
not ok 3 the module leaks nothing when it goes
ok 4 lockdep is still on" ]
spared
check "guest-tests finds nothing" [ "$(grep -cE '^ok' "$tmp/out"):$(grep -c '^not ok' "$tmp/out")" = 5:0 ]
echo "1..$n"
