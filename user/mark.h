/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marks around the measured loop, for tools that watch a guest from outside
 * (scripts/where). Each is one instruction that does nothing: 0f 1f 84 00 is a
 * NOP with a 32-bit operand, which holds "spcB" or "spcE".
 */
#ifndef IPCSCOPE_MARK_H
#define IPCSCOPE_MARK_H

static inline void mark_begin(void)
{
#if defined(__x86_64__)
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .ascii \"spcB\"" ::: "memory");
#endif
}

static inline void mark_end(void)
{
#if defined(__x86_64__)
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .ascii \"spcE\"" ::: "memory");
#endif
}

#endif /* IPCSCOPE_MARK_H */
