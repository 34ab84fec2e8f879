/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For scripts/insn_count.c: by which calls did the guest come to each instruction?
 *
 * What is called and what returns is seen in the code, on which stack by the address that
 * the return address is stored at and loaded from: so the calls of a task are found again
 * when it runs again, whoever ran in between. Names are given to addresses later.
 */
#ifndef IPCSCOPE_INSN_STACK_H
#define IPCSCOPE_INSN_STACK_H

#include <stdbool.h>
#include <stdint.h>
#include "plugin.h"

/**
 * stack_open() - follow the calls from now on
 * @path: the file that stack_write() fills
 *
 * Return: 0 or -errno.
 */
int stack_open(const char *path);

/**
 * stack_watch() - an instruction was translated
 * @insn: the instruction
 * @addr: its address in the kernel, or 0 if it is one of user space
 */
void stack_watch(struct qemu_plugin_insn *insn, uint64_t addr);

/**
 * stack_window() - count from now on, or no longer
 * @open: count
 */
void stack_window(bool open);

/**
 * stack_write() - write what was counted
 *
 * A line "INDEX PARENT ADDRESS COUNT" for each instruction in each chain of calls: PARENT is
 * the index of the call that led to where it was executed, 0 if none did. ADDRESS has 16
 * hexadecimal digits, all 0 for user space; COUNT may be 0, of a call before counting began.
 *
 * Return: 0 or -errno.
 */
int stack_write(void);

#endif /* IPCSCOPE_INSN_STACK_H */
