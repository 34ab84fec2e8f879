// SPDX-License-Identifier: GPL-2.0
/*
 * Use the device all the time, whether the module is there or not, until killed.
 * For reload.sh: prints nothing but a wrong result, and counts its rounds in the
 * file that is its argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/ipcring.h>

static int endpoint(int control, uint32_t role)
{
	struct ipcring_endpoint p = { .size = sizeof(p), .role = role };

	return ioctl(control, IPCRING_IOC_ENDPOINT, &p);
}

static int move_messages(int prod, int cons)
{
	char out[64], in[64];

	for (int i = 0; i < 64; i++) {
		memset(out, i, sizeof(out));
		if (write(prod, out, sizeof(out)) != sizeof(out) ||
		    read(cons, in, sizeof(in)) != sizeof(in) || memcmp(in, out, sizeof(in)))
			return -1;
	}
	return 0;
}

/* One channel from the cradle to the grave; the mapping dies last. */
static int use(int dev)
{
	struct ipcring_create p = { .size = sizeof(p), .slots = 4, .msg_size = 64 };
	int control = ioctl(dev, IPCRING_IOC_CREATE, &p);
	int prod = endpoint(control, IPCRING_ROLE_PRODUCER);
	int cons = endpoint(control, IPCRING_ROLE_CONSUMER);
	int ret = control < 0 || prod < 0 || cons < 0 ? -1 : move_messages(prod, cons);
	void *mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, prod, IPCRING_OFF_PROD);

	close(cons);
	close(prod);
	close(control);
	if (mem == MAP_FAILED || *(volatile uint64_t *)mem != 64)
		ret = -1;
	munmap(mem, 4096);
	return ret;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 200 * 1000 };
	uint64_t rounds = 0;
	int count;

	count = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	if (count < 0) {
		fprintf(stderr, "hammer: needs the name of a file to count in\n");
		return 2;
	}
	for (;;) {
		int dev = open("/dev/ipcring", O_RDWR | O_CLOEXEC);

		if (dev >= 0) {
			if (use(dev)) {
				fprintf(stderr, "hammer: round %llu: %s\n",
					(unsigned long long)rounds, strerror(errno));
				return 1;
			}
			close(dev);
			rounds++;
			dprintf(count, "%llu\n", (unsigned long long)rounds);
		}
		/* The gap in which the module can go. */
		nanosleep(&pause, NULL);
	}
}
