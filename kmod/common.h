/* SPDX-License-Identifier: GPL-2.0 */
/* What channels and sets of per-CPU queues share. */
#ifndef IPCRING_COMMON_H
#define IPCRING_COMMON_H

#include <linux/fs.h>
#include <linux/types.h>

struct ipcring_user;
struct user_struct;

/* Access mode 3: neither reads nor writes nor maps, see open(2). */
#define IPCRING_O_NOTHING	O_ACCMODE

/**
 * struct ipcring_charge - who pays for a channel or a set
 * @user:	who is charged for one of @nr_pages
 * @locked:	who is charged for @nr_pages of locked memory, or NULL
 * @nr_pages:	its pages
 */
struct ipcring_charge {
	struct ipcring_user *user;
	struct user_struct *locked;
	unsigned long nr_pages;
};

/* main.c */
int ipcring_copy_param(void *param, size_t size, size_t first, const void __user *arg);
int ipcring_copy_result(void __user *arg, const void *param, size_t size);

/* chan.c */
u64 ipcring_new_id(void);

/* file.c */
struct file *ipcring_new_file(const char *name, const struct file_operations *fops, void *priv,
			      int flags, int *fd);

/* user.c */
int ipcring_charge(struct ipcring_charge *charge, unsigned long nr_pages);
void ipcring_uncharge(struct ipcring_charge *charge);

#endif /* IPCRING_COMMON_H */
