#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory that is read after it was freed fails a command on 6.1-kasan: KASAN.

. "$(dirname "$0")/lab.sh"

lab 6.1-kasan uaf
caught 'BUG: KASAN: use-after-free in plant_uaf\+'
spared
echo "1..$n"
