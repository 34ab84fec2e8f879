/* SPDX-License-Identifier: GPL-2.0 */
/* "Send this, then wait for that", as a system call and as an io_uring command. */
#ifndef IPCRING_CALL_H
#define IPCRING_CALL_H

#include "chan.h"

struct file;

/**
 * struct ipcring_rpc - a CALL or REPLY_WAIT under way
 * @param:	the kernel's copy of what the user asked for, and of what comes out
 * @serves:	REPLY_WAIT: an answer that nobody reads is no error
 * @send:	the side that sends; NULL: nothing to send
 * @recv:	the side that receives
 * @other:	the file of struct ipcring_call.fd, referenced, or NULL
 */
struct ipcring_rpc {
	struct ipcring_call param;
	bool serves;
	struct ipcring_end *send;
	struct ipcring_end *recv;
	struct file *other;
};

int ipcring_rpc_begin(struct ipcring_rpc *rpc, struct ipcring_end *end, const void __user *arg);
int ipcring_rpc_try(struct ipcring_rpc *rpc, unsigned int how);
int ipcring_rpc_sleep(struct ipcring_rpc *rpc, ktime_t *deadline);
int ipcring_rpc_report(const struct ipcring_rpc *rpc, void __user *arg);
void ipcring_rpc_end(struct ipcring_rpc *rpc);
long ipcring_ioc_call(struct ipcring_end *end, void __user *arg);

/* The side that a call waits for when ipcring_rpc_try() says -EAGAIN. */
static inline struct ipcring_end *ipcring_rpc_side(const struct ipcring_rpc *rpc)
{
	return rpc->param.sent ? rpc->recv : rpc->send;
}

/* Payload that it needs room for there. */
static inline u32 ipcring_rpc_need(const struct ipcring_rpc *rpc)
{
	return rpc->param.sent ? 0 : rpc->param.send_len;
}

#endif /* IPCRING_CALL_H */
