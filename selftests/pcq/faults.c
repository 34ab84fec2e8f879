// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and each copy of a call fails in its turn (/proc/self/fail-nth): the call
 * says so or does without, gives back what it had taken, and works when called again.
 * Needs a kernel with fault injection: scripts/kernels 6.1-kasan. Its kmemleak sees what
 * was lost; what the accounts lost is seen here, as they have room for one set only.
 */
#include "set.h"
#include "user.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define DEBUGFS		"/sys/kernel/debug"
#define MAX_CHANNELS	MODULE_PARAM("max_user_channels")
#define MAX_BYTES	MODULE_PARAM("max_user_bytes")
#define NTH_MAX		20000

/* More than one page of slots a lane, so that the pages are not the last to fail. */
#define SHAPE		.slots = 64, .msg_size = 112
#define LANE_BYTES	8192u

struct faults {
	struct set s;
	uint32_t cpus;
	int nth_fd;
	int nth;		/* 0: nothing fails */
	bool injected;
};

static void must(bool ok, int line, const char *what, int n)
{
	if (ok)
		return;
	fprintf(stderr, "# faults.c:%d: fault %d: %s\n", line, n, what);
	_exit(1);
}

#define MUST(x)	must(x, __LINE__, #x, f->nth)

static void fault_on(struct faults *f)
{
	char buf[16];
	int len = snprintf(buf, sizeof(buf), "%d", f->nth);

	if (f->nth)
		MUST(pwrite(f->nth_fd, buf, len, 0) == len);
}

/*
 * What is left of the count is 0 if the fault was injected. If it was not, it may hit the
 * read that asks, or the write that calls it off.
 */
static int fault_off(struct faults *f, int ret)
{
	char buf[16] = "";

	if (!f->nth)
		return ret;
	f->injected = pread(f->nth_fd, buf, sizeof(buf) - 1, 0) > 0 && atoi(buf) == 0;
	if (pwrite(f->nth_fd, "0", 1, 0) != 1)
		MUST(pwrite(f->nth_fd, "0", 1, 0) == 1);
	return ret;
}

#define FAULT(call) (fault_on(f), fault_off(f, call))

static int close_if(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int do_create(struct faults *f)
{
	return close_if(FAULT(PCQ_CREATE(f->s.dev, SHAPE)));
}

static int do_sender(struct faults *f)
{
	return close_if(FAULT(pcq_sender(f->s.control, 0)));
}

static int do_receiver(struct faults *f)
{
	return close_if(FAULT(pcq_receiver(f->s.control, ANY)));
}

static int do_observer(struct faults *f)
{
	return close_if(FAULT(pcq_observer(f->s.control)));
}

static int do_mmap(struct faults *f)
{
	void *mem;
	int ret;

	fault_on(f);
	mem = map_region(f->s.receiver, PROT_READ, IPCRING_PCQ_OFF_REMOTE, LANE_BYTES);
	ret = fault_off(f, mem == MAP_FAILED ? -errno : 0);
	if (ret)
		return ret;
	MUST(munmap(mem, LANE_BYTES) == 0);
	return 0;
}

static int do_info(struct faults *f)
{
	struct ipcring_pcq_info info;

	return FAULT(pcq_info(f->s.observer, &info));
}

static int do_stats(struct faults *f)
{
	struct ipcring_pcq_stats stats;

	return FAULT(pcq_stats(f->s.observer, ANY, &stats));
}

static int do_bell(struct faults *f)
{
	return FAULT(pcq_bell(f->s.control, ANY, IPCRING_PCQ_BELL_WAKE, 0));
}

static int do_service(struct faults *f)
{
	int ret = FAULT(pcq_start(f->s.control, 0, IPCRING_PCQ_DRAIN, 0, -1));

	MUST(pcq_stop(f->s.control, 0) == (ret ? -ESRCH : 0));
	return ret;
}

/* What was sent is there, what was not is not. */
static int sent(struct faults *f, int ret)
{
	char buf[112];

	for (int i = 0; i < ret; i++)
		MUST(chan_read(f->s.receiver, buf, sizeof(buf)) == 1);
	MUST(chan_read(f->s.receiver, buf, sizeof(buf)) == -EAGAIN);
	return ret > 0 ? 0 : ret;
}

static int do_write(struct faults *f)
{
	return sent(f, FAULT(chan_write(f->s.sender, "x", 1)));
}

static int do_send(struct faults *f)
{
	struct ipcring_pcq_msg msgs[2] = { pcq_msg("x", 1), pcq_msg("y", 1) };
	struct ipcring_pcq_batch p = pcq_batch(msgs, 2);

	return sent(f, FAULT(pcq_send(f->s.sender, &p)));
}

/* What was not received is still there. */
static int received(struct faults *f, int ret, int of)
{
	MUST(ret < 0 || (ret > 0 && ret <= of));
	sent(f, of - (ret > 0 ? ret : 0));
	return ret > 0 ? 0 : ret;
}

static int do_read(struct faults *f)
{
	char buf[112];

	MUST(chan_write(f->s.sender, "x", 1) == 1);
	return received(f, FAULT(chan_read(f->s.receiver, buf, sizeof(buf))), 1);
}

static int do_recv(struct faults *f)
{
	char buf[2][112];
	struct ipcring_pcq_msg msgs[2] = { pcq_msg(buf[0], 112), pcq_msg(buf[1], 112) };
	struct ipcring_pcq_batch p = pcq_batch(msgs, 2);

	for (int i = 0; i < 2; i++)
		MUST(chan_write(f->s.sender, "x", 1) == 1);
	return received(f, FAULT(pcq_recv(f->s.receiver, &p)), 2);
}

FIXTURE(faults) {
	struct faults f;
	char old_channels[32];
	char old_bytes[32];
};

FIXTURE_VARIANT(faults) {
	int (*call)(struct faults *f);
	int least;		/* faults that it must have told of */
};

#define VARIANT(name, n) \
	FIXTURE_VARIANT_ADD(faults, name) { .call = do_##name, .least = n }

/* Each of a CPU's eight pages can be missing, and a file's inode; others copy. */
VARIANT(create, 8);
VARIANT(sender, 3);
VARIANT(receiver, 3);
VARIANT(observer, 2);
VARIANT(mmap, 1);
VARIANT(info, 2);
VARIANT(stats, 2);
VARIANT(bell, 1);
VARIANT(service, 2);
VARIANT(write, 0);
VARIANT(send, 1);
VARIANT(read, 0);
VARIANT(recv, 1);

/* In task context with GFP_KERNEL, too, and in silence. */
static bool faults_arm(const char *kind)
{
	char path[64];

	snprintf(path, sizeof(path), DEBUGFS "/%s/verbose", kind);
	if (!write_file(path, "0"))
		return false;
	snprintf(path, sizeof(path), DEBUGFS "/%s/ignore-gfp-wait", kind);
	return write_file(path, "N") || !strcmp(kind, "fail_usercopy");
}

FIXTURE_SETUP(faults)
{
	struct ipcring_pcq_info info;
	int fd;

	if (access(FAIL_NTH, F_OK))
		SETUP_SKIP(FAIL_NTH ": not there; scripts/vm --kernel 6.1-kasan");
	if (access(DEBUGFS "/failslab", F_OK))
		mount("none", DEBUGFS, "debugfs", 0, NULL);
	ASSERT_TRUE(faults_arm("failslab"));
	ASSERT_TRUE(faults_arm("fail_page_alloc"));
	ASSERT_TRUE(write_file(DEBUGFS "/fail_page_alloc/min-order", "0"));
	ASSERT_TRUE(faults_arm("fail_usercopy"));
	OPEN_DEVICE(self->f.s.dev);
	fd = PCQ_CREATE(self->f.s.dev, SHAPE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pcq_info(fd, &info));
	ASSERT_EQ(LANE_BYTES, info.data_bytes);
	self->f.cpus = info.cpus;
	close(fd);
	ASSERT_TRUE(read_file(MAX_CHANNELS, self->old_channels, 32));
	ASSERT_TRUE(read_file(MAX_BYTES, self->old_bytes, 32));
}

FIXTURE_TEARDOWN(faults)
{
	write_file(MAX_CHANNELS, self->old_channels);
	write_file(MAX_BYTES, self->old_bytes);
	close(self->f.s.dev);
}

/* Return: how many were told. */
static int each_fault(struct faults *f, int (*call)(struct faults *))
{
	int failed = 0, ret;

	for (f->nth = 1; f->nth < NTH_MAX; f->nth++) {
		int nth = f->nth;

		ret = call(f);
		MUST(ret == 0 || ret == -ENOMEM || ret == -EFAULT);
		if (!f->injected)
			break;
		failed += ret < 0;
		f->nth = 0;
		MUST(call(f) == 0);
		f->nth = nth;
	}
	MUST(!f->injected && ret == 0);
	return failed;
}

static void open_set(struct faults *f)
{
	f->s.control = PCQ_CREATE(f->s.dev, SHAPE);
	MUST(f->s.control >= 0);
	f->s.sender = pcq_sender(f->s.control, 0);
	f->s.receiver = pcq_endpoint(f->s.control, IPCRING_PCQ_RECEIVER, 0,
				     IPCRING_PCQ_EP_NONBLOCK);
	f->s.observer = pcq_observer(f->s.control);
	MUST(f->s.sender >= 0 && f->s.receiver >= 0 && f->s.observer >= 0);
}

struct poor {
	struct faults *f;
	int (*call)(struct faults *f);
	int least;
};

/* The one set that there is room for is this one, or the one that the call creates. */
static int poor_one(void *arg)
{
	struct poor *p = arg;
	struct faults *f = p->f;
	bool creates = p->call == do_create;

	/* Else the file of a task that changed its uid is root's. */
	MUST(prctl(PR_SET_DUMPABLE, 1) == 0);
	f->nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	MUST(f->nth_fd >= 0);
	if (!creates)
		open_set(f);
	MUST(each_fault(f, p->call) >= p->least);
	if (!creates) {
		close(f->s.sender);
		close(f->s.receiver);
		close(f->s.observer);
		close(f->s.control);
	}
	/* All is given back. */
	f->nth = 0;
	MUST(do_create(f) == 0);
	return 0;
}

TEST_F_TIMEOUT(faults, each, 600)
{
	static const struct user user = { "user", 1000, 1000, 1000, 1000, .caps = CAP(SYS_NICE) };
	const rlim_t bytes = (4 * 4096 + 2 * LANE_BYTES) * self->f.cpus;
	const struct rlimit limit = { bytes, bytes };
	struct poor p = { &self->f, variant->call, variant->least };
	char text[32];

	snprintf(text, sizeof(text), "%lu", (unsigned long)bytes);
	ASSERT_TRUE(write_file(MAX_CHANNELS, "1"));
	ASSERT_TRUE(write_file(MAX_BYTES, text));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	EXPECT_EQ(0, user_run(&user, false, poor_one, &p));
}

TEST_HARNESS_MAIN
