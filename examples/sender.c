// SPDX-License-Identifier: GPL-2.0
/* cc sender.c $(pkg-config --cflags --libs ipcring) -o sender && ls | ./sender NAME */
#include <ipcring.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "demo";
	struct ipcring *out;
	char text[256];
	int ret = ipcring_open(name, IPCRING_ROLE_PRODUCER, 0, 0, &out);

	if (ret) {
		fprintf(stderr, "%s: %s\n", name, ipcring_strerror(IPCRING_OP_OPEN, ret));
		return 1;
	}
	while (!ret && fgets(text, sizeof(text), stdin))
		ret = ipcring_send(out, text, (__u32)strlen(text), IPCRING_NO_TIMEOUT);
	if (ret)
		fprintf(stderr, "%s: %s\n", name, ipcring_strerror(IPCRING_OP_SEND, ret));
	ipcring_close(out);
	return ret ? 1 : 0;
}
