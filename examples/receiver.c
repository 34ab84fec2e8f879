// SPDX-License-Identifier: GPL-2.0
/* cc receiver.c $(pkg-config --cflags --libs ipcring) -o receiver && ./receiver NAME */
#include <ipcring.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct ipcring_options opt = {
		.name = argc > 1 ? argv[1] : "demo", .mode = 0600, .slots = 64, .msg_size = 256,
	};
	struct ipcring *control, *in;
	char text[256];
	ssize_t n = ipcring_create(&opt, &control);

	if (!n)
		n = ipcring_endpoint(control, IPCRING_ROLE_CONSUMER, 0, 0, &in);
	if (n) {
		fprintf(stderr, "%s: %s\n", opt.name, ipcring_strerror(IPCRING_OP_CREATE, (int)n));
		return 1;
	}
	while ((n = ipcring_recv(in, text, sizeof(text), IPCRING_NO_TIMEOUT)) > 0)
		fwrite(text, 1, (size_t)n, stdout);
	if (n)
		fprintf(stderr, "%s: %s\n", opt.name, ipcring_strerror(IPCRING_OP_RECV, (int)n));
	ipcring_close(in);
	ipcring_close(control);
	return n ? 1 : 0;
}
