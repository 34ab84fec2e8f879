/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The library's own calls come to the test (ld --wrap), which lets others have the CPU
 * wherever a remover of names has looked and not yet acted.
 */
#ifndef SELFTESTS_LIB_WRAP_H
#define SELFTESTS_LIB_WRAP_H

#include <sys/stat.h>

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

#endif /* SELFTESTS_LIB_WRAP_H */
