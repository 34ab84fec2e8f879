/* SPDX-License-Identifier: GPL-2.0 */
/* FNV-1a, 64 bits: names definitions and files; guards against mistakes, not malice. */
#ifndef IPCSCOPE_FNV_H
#define IPCSCOPE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START	0xcbf29ce484222325ULL

static inline uint64_t fnv_add(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

#endif /* IPCSCOPE_FNV_H */
