/* SPDX-License-Identifier: GPL-2.0 */
/* How both sides of binder come to their devices. */
#ifndef IPCSCOPE_MECH_BINDER_OPEN_H
#define IPCSCOPE_MECH_BINDER_OPEN_H

#include "binder_io.h"

/**
 * struct binder - state of one instance
 * @number:	of its device
 * @device:	the device, "" if there is none
 * @io:		this side's
 * @pending:	sender: a call is not answered yet; receiver: a call is to be answered
 */
struct binder {
	unsigned int number;
	char device[24];
	struct binder_io io;
	bool pending;
};

/* Hooks: probe(), open(), attach() and close() of a mechanism whose state is a struct binder. */
int binder_open_probe(const struct mech_cfg *cfg, struct mech_why *why);
int binder_open_device(struct mech *m);
int binder_open_attach(struct mech *m);
void binder_open_close(struct mech *m);

#endif /* IPCSCOPE_MECH_BINDER_OPEN_H */
