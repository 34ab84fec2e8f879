// SPDX-License-Identifier: GPL-2.0
/*
 * The permission matrix of file descriptors: kind of fd x call, x mapping, x upgrade
 * by mprotect(), and that neither /proc nor passing it on changes any of it.
 */
#include "lane.h"
#include "peer.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define PAGE	4096u

enum kind { DEV, CONTROL, PRODUCER, CONSUMER, OBSERVER, KINDS };

static const char *const kind_name[] = { "device", "control", "producer", "consumer", "observer" };

struct fds {
	int fd[KINDS];
	uint64_t features;
};

FIXTURE(rights_fd) {
	struct fds f;
	struct ipcring_info info;
};

FIXTURE_VARIANT(rights_fd) {
	uint32_t flags;
	const char *trust;
};

#define VARIANT(name, f, t) \
	FIXTURE_VARIANT_ADD(rights_fd, name) { .flags = f, .trust = t }

VARIANT(t0, IPCRING_CREATE_TRUST_ALL, "T0");
VARIANT(t1, 0, "T1");
VARIANT(t2, IPCRING_CREATE_TRUST_NONE, "T2");
VARIANT(t0_records, IPCRING_CREATE_RECORDS | IPCRING_CREATE_TRUST_ALL, "T0");
VARIANT(t1_records, IPCRING_CREATE_RECORDS, "T1");
VARIANT(t2_records, IPCRING_CREATE_RECORDS | IPCRING_CREATE_TRUST_NONE, "T2");

FIXTURE_SETUP(rights_fd)
{
	const bool records = variant->flags & IPCRING_CREATE_RECORDS;
	int *fd = self->f.fd;

	OPEN_DEVICE(fd[DEV]);
	self->f.features = chan_features(fd[DEV]);
	fd[CONTROL] = CREATE_CHAN(fd[DEV], .flags = variant->flags, .lanes = 2, .msg_size = 56,
				  .slots = records ? 0 : 64, .bytes = records ? 4096 : 0);
	ASSERT_LE(0, fd[CONTROL]);
	fd[PRODUCER] = chan_producer(fd[CONTROL], 0);
	ASSERT_LE(0, fd[PRODUCER]);
	fd[CONSUMER] = chan_consumer(fd[CONTROL]);
	ASSERT_LE(0, fd[CONSUMER]);
	fd[OBSERVER] = chan_observer(fd[CONTROL]);
	ASSERT_LE(0, fd[OBSERVER]);
	ASSERT_EQ(0, chan_info(fd[CONTROL], &self->info));
}

FIXTURE_TEARDOWN(rights_fd)
{
	for (int k = 0; k < KINDS; k++)
		close(self->f.fd[k]);
}

#define D	(1u << DEV)
#define C	(1u << CONTROL)
#define P	(1u << PRODUCER)
#define S	(1u << CONSUMER)
#define O	(1u << OBSERVER)

/* Which kinds know a command. One that is known looks at its argument first. */
static const struct {
	const char *name;
	unsigned int cmd;
	uint32_t kinds;
	uint64_t feature;
} ioctls[] = {
	{ "FEATURES", IPCRING_IOC_FEATURES, D },
	{ "CREATE", IPCRING_IOC_CREATE, D },
	{ "ENDPOINT", IPCRING_IOC_ENDPOINT, C },
	{ "INFO", IPCRING_IOC_INFO, C | P | S | O },
	{ "WAIT", IPCRING_IOC_WAIT, P | S },
	{ "WAKE", IPCRING_IOC_WAKE, P | S },
	{ "OPEN", IPCRING_IOC_OPEN, D, IPCRING_FEAT_NAMES },
	{ "STATS", IPCRING_IOC_STATS, C | P | S | O },
	{ "WAIT_ANY", IPCRING_IOC_WAIT_ANY, D | P | S, IPCRING_FEAT_WAIT_ANY },
	{ "CALL", IPCRING_IOC_CALL, P, IPCRING_FEAT_CALL },
	{ "REPLY_WAIT", IPCRING_IOC_REPLY_WAIT, S, IPCRING_FEAT_CALL },
	{ "unknown 0x0b", _IO(IPCRING_IOC_MAGIC, 0x0b), 0 },
	{ "unknown 0xff", _IO(IPCRING_IOC_MAGIC, 0xff), 0 },
	{ "sized WAIT", _IOWR(IPCRING_IOC_MAGIC, 0x04, struct ipcring_wait), 0 },
	{ "another's", _IO('T', 0x01), 0 },
};

static int want_ioctl(const struct fds *f, size_t row, int kind)
{
	if (!(ioctls[row].kinds >> kind & 1))
		return -ENOTTY;
	if (ioctls[row].feature && !(f->features & ioctls[row].feature))
		return -ENOTTY;
	return ioctls[row].cmd == IPCRING_IOC_WAKE ? -EINVAL : -EFAULT;
}

/* Also run by whom the fds were passed to, hence no ASSERT. Return: wrong cells. */
static int check_ioctls(const struct fds *f, bool print)
{
	int wrong = 0;

	for (size_t row = 0; row < ARRAY_LEN(ioctls); row++) {
		if (print)
			printf("# ioctl %-13s", ioctls[row].name);
		for (int k = 0; k < KINDS; k++) {
			int want = want_ioctl(f, row, k);
			int ret = errno_or(ioctl(f->fd[k], ioctls[row].cmd, BAD_PTR));

			if (print)
				printf(" | %s %s", kind_name[k], ret == -ENOTTY ? "-" : "yes");
			if (ret != want)
				printf(" (%d, not %d)", ret, want);
			wrong += ret != want;
		}
		if (print)
			printf("\n");
	}
	return wrong;
}

/* After one message on lane 0: what each kind's read() and write() give. */
static int check_transfers(const struct fds *f, bool print)
{
	static const int want_read[] = { -EINVAL, -EBADF, -EINVAL, 4, -EBADF };
	static const int want_write[] = { -EINVAL, -EBADF, 4, -EINVAL, -EBADF };
	int wrong = 0;
	char buf[64];

	for (int k = 0; k < KINDS; k++) {
		int wr = chan_write(f->fd[k], "test", 4);
		int rd = -1;

		/* The consumer comes after the producer, whose message it finds. */
		rd = chan_read(f->fd[k], buf, sizeof(buf));
		wrong += wr != want_write[k];
		wrong += rd != want_read[k];
		if (print || wrong)
			printf("# %-8s write() %d, read() %d\n", kind_name[k], wr, rd);
	}
	return wrong;
}

TEST_F(rights_fd, ioctls)
{
	EXPECT_EQ(0, check_ioctls(&self->f, variant->flags == 0));
}

TEST_F(rights_fd, transfers)
{
	EXPECT_EQ(0, check_transfers(&self->f, variant->flags == 0));
}

/* No call of the VFS's finds another way in. */
TEST_F(rights_fd, other_ways)
{
	char buf[8];
	struct iovec io = { buf, sizeof(buf) };

	for (int k = 1; k < KINDS; k++) {
		const int fd = self->f.fd[k];
		int pipefd[2];

		EXPECT_EQ(-ESPIPE, errno_or(lseek(fd, 0, SEEK_SET)));
		EXPECT_GT(0, errno_or(pread(fd, buf, 1, 0)));
		EXPECT_GT(0, errno_or(pwritev(fd, &io, 1, 0)));
		EXPECT_GT(0, errno_or(ftruncate(fd, 0)));
		EXPECT_GT(0, errno_or(fallocate(fd, 0, 0, 1)));
		ASSERT_EQ(0, pipe(pipefd));
		if (k != CONSUMER)
			EXPECT_GT(0, errno_or(splice(fd, NULL, pipefd[1], NULL, 1,
						     SPLICE_F_NONBLOCK)));
		close(pipefd[0]);
		close(pipefd[1]);
	}
	/* The access mode is the open file's and cannot be changed. */
	fcntl(self->f.fd[CONTROL], F_SETFL, O_RDWR);
	EXPECT_EQ(-EBADF, chan_read(self->f.fd[CONTROL], buf, sizeof(buf)));
	fcntl(self->f.fd[OBSERVER], F_SETFL, O_RDWR);
	EXPECT_EQ(-EBADF, chan_write(self->f.fd[OBSERVER], buf, 1));
}

static const uint64_t region_off[] = { IPCRING_OFF_PROD, IPCRING_OFF_CONS, IPCRING_OFF_DATA };
static const char *const region_name[] = { "PROD", "CONS", "DATA" };

/* The header's table: "", "r" or "rw". */
static const char *allowed(uint32_t flags, int kind, int region, int lane)
{
	const bool own = kind == PRODUCER ? region != 1 : region == 1;

	if (kind != PRODUCER && kind != CONSUMER)
		return "";
	if (kind == PRODUCER && (lane != 0 || (flags & IPCRING_CREATE_TRUST_NONE)))
		return "";
	return (flags & IPCRING_CREATE_TRUST_ALL) || own ? "rw" : "r";
}

static bool grants(const char *rights, int prot)
{
	return *rights && !(prot & PROT_EXEC) && (!(prot & PROT_WRITE) || rights[1]);
}

static void prot_text(int prot, char *text)
{
	sprintf(text, "%c%c%c", prot & PROT_READ ? 'r' : '-', prot & PROT_WRITE ? 'w' : '-',
		prot & PROT_EXEC ? 'x' : '-');
}

/* Where two rules say no, either may be first; the device has no mmap() at all. */
static bool refused(int err, int prot, bool mappable)
{
	return err == EACCES || (err == EPERM && (prot & PROT_EXEC)) ||
	       (err == ENODEV && !mappable);
}

/*
 * One mapping, all eight protections as mmap() and, where one was given, each of
 * them as mprotect() from each of the given. Return: wrong cells.
 */
static int check_region(int fd, uint64_t off, size_t len, const char *rights, bool mappable)
{
	int wrong = 0;

	for (int prot = 0; prot < 8; prot++) {
		void *mem = mmap(NULL, len, prot, MAP_SHARED, fd, off);
		int err = errno;
		char text[4];

		prot_text(prot, text);
		if (mem == MAP_FAILED) {
			if (grants(rights, prot) || !refused(err, prot, mappable)) {
				printf("# mmap %s: errno %d\n", text, err);
				wrong++;
			}
			continue;
		}
		wrong += !grants(rights, prot);
		for (int up = 0; up < 8; up++) {
			int ret = errno_or(mprotect(mem, len, up));

			if (ret != (grants(rights, up) || !up ? 0 : -EACCES)) {
				printf("# mprotect from %s to %d gives %d\n", text, up, ret);
				wrong++;
			}
			mprotect(mem, len, prot);
		}
		munmap(mem, len);
	}
	return wrong;
}

TEST_F(rights_fd, mappings)
{
	int wrong;

	for (int k = 0; k < KINDS; k++) {
		printf("# %s %-8s maps", variant->trust, kind_name[k]);
		for (int cell = 0; cell < 6; cell++) {
			int lane = cell / 3, region = cell % 3;
			const char *rights = allowed(variant->flags, k, region, lane);

			wrong = check_region(self->f.fd[k],
					     region_off[region] + IPCRING_OFF_LANE(lane),
					     region == 2 ? self->info.data_bytes : PAGE, rights,
					     k != DEV);
			EXPECT_EQ(0, wrong);
			printf(" | lane %d %s %s", lane, region_name[region],
			       *rights ? rights : "-");
		}
		printf("\n");
	}
}

/* A mapping moved, split or shared with a child stays what it is. */
TEST_F(rights_fd, upgrades_by_other_means)
{
	const int fd = self->f.fd[CONSUMER];
	char *mem = map_region(fd, PROT_READ, IPCRING_OFF_PROD, PAGE), *to;
	int want = variant->flags & IPCRING_CREATE_TRUST_ALL ? 0 : -EACCES;

	ASSERT_NE(MAP_FAILED, mem);
	to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(to, mremap(mem, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(want, errno_or(mprotect(to, PAGE, PROT_READ | PROT_WRITE)));
	EXPECT_EQ(MAP_FAILED, mremap(to, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	/* An old size of 0 asks for a second mapping of the same pages. */
	mem = mremap(to, 0, PAGE, MREMAP_MAYMOVE);
	if (mem != MAP_FAILED)
		EXPECT_EQ(want, errno_or(mprotect(mem, PAGE, PROT_READ | PROT_WRITE)));
	mprotect(to, PAGE, PROT_READ);
	if (syscall(SYS_pkey_mprotect, to, PAGE, PROT_READ | PROT_WRITE, -1) == 0)
		EXPECT_EQ(0, want);
}

static int reopen(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -errno : 0;
}

/* Neither one's own nor another's /proc turns a file into a new one. */
TEST_F(rights_fd, proc_reopens_nothing)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_ACCMODE };
	struct ipcring_info info;
	pid_t pid = fork_child();
	char path[64];

	if (pid == 0)
		pause();
	for (int k = 1; k < KINDS; k++) {
		for (size_t i = 0; i < 2 * ARRAY_LEN(flags); i++) {
			snprintf(path, sizeof(path), "/proc/%d/fd/%d",
				 i % 2 ? pid : getpid(), self->f.fd[k]);
			EXPECT_EQ(-ENXIO, reopen(path, flags[i / 2]))
				TH_LOG("%s, flags %#x", kind_name[k], flags[i / 2]);
		}
		/* A path is no file: it can be asked nothing. */
		int fd = open(path, O_PATH);

		EXPECT_EQ(-EBADF, chan_info(fd, &info));
		EXPECT_EQ(-EBADF, chan_write(fd, "x", 1));
		EXPECT_EQ(MAP_FAILED, map_region(fd, PROT_READ, IPCRING_OFF_PROD, PAGE));
		close(fd);
	}
	kill(pid, SIGKILL);
	reap(pid);
}

TEST_F(rights_fd, map_files_reopens_nothing)
{
	char *mem = map_region(self->f.fd[CONSUMER], PROT_READ, IPCRING_OFF_PROD, PAGE);
	char path[96];

	ASSERT_NE(MAP_FAILED, mem);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)mem,
		 (unsigned long)mem + PAGE);
	if (access(path, F_OK))
		SKIP(return, "%s: %s", path, strerror(errno));
	EXPECT_EQ(-ENXIO, reopen(path, O_RDONLY));
	EXPECT_EQ(-ENXIO, reopen(path, O_RDWR));
}

union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(KINDS * sizeof(int))];
};

static int send_fds(int sock, const int *fd)
{
	union rights u = { .head = { .cmsg_len = CMSG_LEN(KINDS * sizeof(int)),
				     .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec io = { "f", 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = &u, .msg_controllen = sizeof(u) };

	memcpy(CMSG_DATA(&u.head), fd, KINDS * sizeof(int));
	return errno_or(sendmsg(sock, &msg, 0));
}

static int receive_fds(int sock, int *fd)
{
	union rights u;
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = &u, .msg_controllen = sizeof(u) };

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), KINDS * sizeof(int));
	return 0;
}

static int check_all(const struct fds *f, const struct ipcring_info *info)
{
	int wrong = check_ioctls(f, false) + check_transfers(f, false);

	for (int k = 0; k < KINDS; k++)
		for (int cell = 0; cell < 6; cell++)
			wrong += check_region(f->fd[k], region_off[cell % 3] +
					      IPCRING_OFF_LANE(cell / 3),
					      cell % 3 == 2 ? info->data_bytes : PAGE,
					      allowed(info->flags, k, cell % 3, cell / 3),
					      k != DEV);
	return wrong;
}

/* Passed to nobody, who has no other right to the channel: the same cells. */
TEST_F(rights_fd, passed_on_exactly)
{
	int sock[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock));
	pid = fork_child();
	if (pid == 0) {
		struct fds f = self->f;

		for (int k = 0; k < KINDS; k++)
			close(self->f.fd[k]);
		if (setgid(65534) || setuid(65534) || receive_fds(sock[1], f.fd))
			_exit(101);
		_exit(check_all(&f, &self->info));
	}
	ASSERT_EQ(1, send_fds(sock[0], self->f.fd));
	EXPECT_EQ(0, reap(pid));
}

/* As does a debugger's copy. */
TEST_F(rights_fd, taken_by_pidfd_getfd)
{
	pid_t pid = fork_child();
	struct fds f = self->f;
	int pidfd;

	if (pid == 0)
		pause();
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	ASSERT_LE(0, pidfd);
	for (int k = 0; k < KINDS; k++) {
		f.fd[k] = syscall(SYS_pidfd_getfd, pidfd, self->f.fd[k], 0);
		ASSERT_LE(0, f.fd[k]);
	}
	EXPECT_EQ(0, check_all(&f, &self->info));
	kill(pid, SIGKILL);
	reap(pid);
}

TEST_HARNESS_MAIN
