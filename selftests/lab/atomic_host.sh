#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An allocation that may sleep under a spinlock fails a command on 6.1-kasan.

. "$(dirname "$0")/lab.sh"

lab 6.1-kasan atomic
caught 'BUG: sleeping function called from invalid context'
spared
echo "1..$n"
