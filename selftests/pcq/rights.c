// SPDX-License-Identifier: GPL-2.0
/*
 * The permission matrix of file descriptors: kind of fd x command, x read() and write(),
 * x mapping and upgrade by mprotect(), and that neither /proc nor passing it on changes
 * any of it. In the names, D is the device, C control, S sender, R receiver, O observer.
 */
#include "map.h"
#include "peer.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define PAGE	4096u

enum kind { DEV, CONTROL, SENDER, RECEIVER, OBSERVER, KINDS };

static const char *const kind_name[] = { "device", "control", "sender", "receiver", "observer" };

struct fds {
	int fd[KINDS];
	uint64_t features;
};

FIXTURE(rights) {
	struct fds f;
	struct ipcring_pcq_info info;
};

FIXTURE_VARIANT(rights) {
	uint32_t flags;
	uint32_t cpu;		/* what the endpoints are bound to */
};

#define VARIANT(name, f, c) \
	FIXTURE_VARIANT_ADD(rights, name) { .flags = f, .cpu = c }

VARIANT(bound, 0, 1);
VARIANT(any, 0, ANY);
VARIANT(this, 0, THIS);
VARIANT(bound_mapped, IPCRING_PCQ_MAP_SENDERS, 1);
VARIANT(any_mapped, IPCRING_PCQ_MAP_SENDERS, ANY);
VARIANT(this_mapped, IPCRING_PCQ_MAP_SENDERS, THIS);

FIXTURE_SETUP(rights)
{
	int *fd = self->f.fd;

	NEED_CPUS(2);
	cpu_pin(1);
	OPEN_DEVICE(fd[DEV]);
	self->f.features = chan_features(fd[DEV]);
	fd[CONTROL] = PCQ_CREATE(fd[DEV], .flags = variant->flags, .slots = 64, .msg_size = 112);
	ASSERT_LE(0, fd[CONTROL]);
	fd[SENDER] = pcq_sender(fd[CONTROL], variant->cpu);
	ASSERT_LE(0, fd[SENDER]);
	fd[RECEIVER] = pcq_receiver(fd[CONTROL], variant->cpu);
	ASSERT_LE(0, fd[RECEIVER]);
	fd[OBSERVER] = pcq_observer(fd[CONTROL]);
	ASSERT_LE(0, fd[OBSERVER]);
	ASSERT_EQ(0, pcq_info(fd[CONTROL], &self->info));
}

FIXTURE_TEARDOWN(rights)
{
	for (int k = 0; k < KINDS; k++)
		close(self->f.fd[k]);
	cpu_unpin();
}

#define D	(1u << DEV)
#define C	(1u << CONTROL)
#define S	(1u << SENDER)
#define R	(1u << RECEIVER)
#define O	(1u << OBSERVER)

/* Which kinds know a command, and what it says to a bad argument: it looks at it first. */
static const struct {
	const char *name;
	unsigned int cmd;
	uint32_t kinds;
	int err;
	uint64_t feature;
} ioctls[] = {
	{ "CREATE", IPCRING_IOC_PCQ_CREATE, D, -EFAULT },
	{ "ENDPOINT", IPCRING_IOC_PCQ_ENDPOINT, C, -EFAULT },
	{ "INFO", IPCRING_IOC_PCQ_INFO, C | S | R | O, -EFAULT },
	{ "STATS", IPCRING_IOC_PCQ_STATS, C | S | R | O, -EFAULT },
	{ "SEND", IPCRING_IOC_PCQ_SEND, S, -EFAULT },
	{ "RECV", IPCRING_IOC_PCQ_RECV, R, -EFAULT },
	{ "BELL", IPCRING_IOC_PCQ_BELL, C, -EFAULT },
	{ "START", IPCRING_IOC_PCQ_START, C, -EFAULT, IPCRING_FEAT_PCQ_SERVICE },
	{ "WAIT", IPCRING_IOC_WAIT, S | R, -EFAULT },
};

static int want_ioctl(const struct fds *f, size_t row, int kind)
{
	if (!(ioctls[row].kinds >> kind & 1))
		return -ENOTTY;
	if (ioctls[row].feature && !(f->features & ioctls[row].feature))
		return -ENOTTY;
	return ioctls[row].err;
}

/* Those whose argument is a CPU's number: one that there is not. */
static int check_numbers(const struct fds *f, bool print)
{
	static const struct {
		const char *name;
		unsigned int cmd;
		uint32_t kinds;
		uint64_t feature;
	} row[] = {
		{ "WAKE", IPCRING_IOC_WAKE, S | R, 0 },
		{ "STOP", IPCRING_IOC_PCQ_STOP, C, IPCRING_FEAT_PCQ_SERVICE },
	};
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		bool known = !row[i].feature || (f->features & row[i].feature);

		if (print)
			printf("# ioctl %-9s", row[i].name);
		for (int k = 0; k < KINDS; k++) {
			int want = known && (row[i].kinds >> k & 1) ? -EINVAL : -ENOTTY;
			int ret = errno_or(ioctl(f->fd[k], row[i].cmd, 1ul << 40));

			if (print)
				printf(" | %s %s", kind_name[k], ret == -ENOTTY ? "-" : "yes");
			if (ret != want)
				printf(" (%s: %s %d, not %d)", row[i].name, kind_name[k], ret,
				       want);
			wrong += ret != want;
		}
		if (print)
			printf("\n");
	}
	return wrong;
}

/* Also run by whom the fds were passed to, hence no ASSERT. Return: wrong cells. */
static int check_ioctls(const struct fds *f, bool print)
{
	int wrong = check_numbers(f, print);

	for (size_t row = 0; row < ARRAY_LEN(ioctls); row++) {
		if (print)
			printf("# ioctl %-9s", ioctls[row].name);
		for (int k = 0; k < KINDS; k++) {
			int want = want_ioctl(f, row, k);
			int ret = errno_or(ioctl(f->fd[k], ioctls[row].cmd, BAD_PTR));

			if (print)
				printf(" | %s %s", kind_name[k], ret == -ENOTTY ? "-" : "yes");
			if (ret != want)
				printf(" (%s: %s %d, not %d)", ioctls[row].name, kind_name[k],
				       ret, want);
			wrong += ret != want;
		}
		if (print)
			printf("\n");
	}
	return wrong;
}

/* What each kind's read() and write() give; the receiver finds the sender's message. */
static int check_transfers(const struct fds *f, bool print)
{
	static const int want_write[] = { -EINVAL, -EBADF, 4, -EINVAL, -EBADF };
	static const int want_read[] = { -EINVAL, -EBADF, -EINVAL, 4, -EBADF };
	int wrong = 0;
	char buf[128];

	for (int k = 0; k < KINDS; k++) {
		int wr = chan_write(f->fd[k], "test", 4);
		int rd = chan_read(f->fd[k], buf, sizeof(buf));

		wrong += wr != want_write[k];
		wrong += rd != want_read[k];
		if (print || wrong)
			printf("# %-8s write() %d, read() %d\n", kind_name[k], wr, rd);
	}
	return wrong;
}

/* Who waits for what, by poll(): an observer's and the control's are always ready for nothing. */
static int check_polls(const struct fds *f, bool print)
{
	static const short want[] = { 0, 0, POLLOUT, 0, 0 };
	int wrong = 0;

	for (int k = CONTROL; k < KINDS; k++) {
		int got = chan_poll(f->fd[k], POLLIN | POLLOUT);

		if (print || (k > CONTROL && k < OBSERVER && got != want[k]))
			printf("# %-8s poll() %#x\n", kind_name[k], got);
		wrong += k > CONTROL && k < OBSERVER && got != want[k];
	}
	return wrong;
}

TEST_F(rights, ioctls)
{
	EXPECT_EQ(0, check_ioctls(&self->f, variant->flags == 0 && variant->cpu == 1));
}

TEST_F(rights, transfers)
{
	EXPECT_EQ(0, check_transfers(&self->f, variant->flags == 0 && variant->cpu == 1));
}

TEST_F(rights, polls)
{
	EXPECT_EQ(0, check_polls(&self->f, variant->flags == 0 && variant->cpu == 1));
}

/* No call of the VFS's finds another way in. */
TEST_F(rights, other_ways)
{
	struct iovec io;
	char buf[8];

	io = (struct iovec){ buf, sizeof(buf) };
	for (int k = CONTROL; k < KINDS; k++) {
		const int fd = self->f.fd[k];
		int pipefd[2];

		EXPECT_EQ(-ESPIPE, errno_or(lseek(fd, 0, SEEK_SET)));
		EXPECT_GT(0, errno_or(pread(fd, buf, 1, 0)));
		EXPECT_GT(0, errno_or(pwritev(fd, &io, 1, 0)));
		EXPECT_GT(0, errno_or(ftruncate(fd, 0)));
		EXPECT_GT(0, errno_or(fallocate(fd, 0, 0, 1)));
		ASSERT_EQ(0, pipe(pipefd));
		if (k != RECEIVER)
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

static const struct {
	const char *name;
	uint64_t off;
	const char *sender;
	const char *receiver;
} region[] = {
	{ "STATE", IPCRING_PCQ_OFF_STATE, "r", "r" },
	{ "PROD", IPCRING_PCQ_OFF_PROD, "rw", "r" },
	{ "CONS", IPCRING_PCQ_OFF_CONS, "r", "rw" },
	{ "LOCAL", IPCRING_PCQ_OFF_LOCAL, "rw", "r" },
	{ "REMOTE", IPCRING_PCQ_OFF_REMOTE, "", "r" },
};

#define REGIONS	ARRAY_LEN(region)

/* The header's table: "", "r" or "rw". Bound to a CPU, an endpoint has that one's only. */
static const char *allowed(uint32_t flags, uint32_t bound, int kind, size_t r, uint32_t cpu)
{
	if (bound < THIS - 2 && bound != cpu)
		return "";
	if (kind == SENDER)
		return flags & IPCRING_PCQ_MAP_SENDERS ? region[r].sender : "";
	return kind == RECEIVER ? region[r].receiver : "";
}

static bool grants(const char *rights, int prot)
{
	return *rights && !(prot & PROT_EXEC) && (!(prot & PROT_WRITE) || rights[1]);
}

/* Where two rules say no, either may be first; the device has no mmap() at all. */
static bool refused(int err, int prot, bool mappable)
{
	return err == EACCES || (err == EPERM && (prot & PROT_EXEC)) ||
	       (err == ENODEV && !mappable);
}

static size_t region_bytes(const struct ipcring_pcq_info *info, size_t r)
{
	return region[r].off >= IPCRING_PCQ_OFF_LOCAL ? info->data_bytes : PAGE;
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

		if (mem == MAP_FAILED) {
			if (grants(rights, prot) || !refused(err, prot, mappable)) {
				printf("# mmap %d at %#llx: errno %d\n", prot,
				       (unsigned long long)off, err);
				wrong++;
			}
			continue;
		}
		wrong += !grants(rights, prot);
		for (int up = 0; up < 8; up++) {
			int ret = errno_or(mprotect(mem, len, up));

			if (ret != (grants(rights, up) || !up ? 0 : -EACCES)) {
				printf("# mprotect from %d to %d gives %d\n", prot, up, ret);
				wrong++;
			}
			mprotect(mem, len, prot);
		}
		munmap(mem, len);
	}
	return wrong;
}

/* All of it; print the table of one queue. */
static int check_mappings(const struct fds *f, const struct ipcring_pcq_info *info,
			  uint32_t bound, bool print)
{
	int wrong = 0;

	for (int k = 0; k < KINDS; k++) {
		if (print)
			printf("# %-8s maps", kind_name[k]);
		for (uint32_t cpu = 0; cpu < 2; cpu++)
			for (size_t r = 0; r < REGIONS; r++) {
				const char *rights = allowed(info->flags, bound, k, r, cpu);

				wrong += check_region(f->fd[k], map_offset(region[r].off, cpu),
						      region_bytes(info, r), rights, k != DEV);
				if (print && cpu == 1)
					printf(" | %s %s", region[r].name,
					       *rights ? rights : "-");
			}
		if (print)
			printf("\n");
	}
	return wrong;
}

TEST_F(rights, mappings)
{
	EXPECT_EQ(0, check_mappings(&self->f, &self->info, variant->cpu, variant->cpu == 1));
}

/* A mapping moved or doubled stays what it is. */
TEST_F(rights, upgrades_by_other_means)
{
	char *mem = map_region(self->f.fd[RECEIVER], PROT_READ,
			       map_offset(IPCRING_PCQ_OFF_STATE, 1), PAGE), *to;

	ASSERT_NE(MAP_FAILED, mem);
	to = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(to, mremap(mem, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(-EACCES, errno_or(mprotect(to, PAGE, PROT_READ | PROT_WRITE)));
	EXPECT_EQ(MAP_FAILED, mremap(to, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	/* An old size of 0 asks for a second mapping of the same pages. */
	mem = mremap(to, 0, PAGE, MREMAP_MAYMOVE);
	if (mem != MAP_FAILED)
		EXPECT_EQ(-EACCES, errno_or(mprotect(mem, PAGE, PROT_READ | PROT_WRITE)));
}

/* Neither one's own nor another's /proc turns a file into a new one. */
TEST_F(rights, proc_reopens_nothing)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_ACCMODE };
	struct ipcring_pcq_info info;
	pid_t pid = fork_child();
	char path[64];

	if (pid == 0)
		pause();
	for (int k = CONTROL; k < KINDS; k++) {
		int fd;

		for (size_t i = 0; i < 2 * ARRAY_LEN(flags); i++) {
			snprintf(path, sizeof(path), "/proc/%d/fd/%d",
				 i % 2 ? pid : getpid(), self->f.fd[k]);
			EXPECT_EQ(-ENXIO, errno_or(open(path, flags[i / 2])));
		}
		/* A path is no file: it can be asked nothing. */
		fd = open(path, O_PATH);
		EXPECT_EQ(-EBADF, pcq_info(fd, &info));
		EXPECT_EQ(-EBADF, chan_write(fd, "x", 1));
		EXPECT_EQ(MAP_FAILED, map_region(fd, PROT_READ, IPCRING_PCQ_OFF_STATE, PAGE));
		close(fd);
	}
	kill(pid, SIGKILL);
	reap(pid);
}

union passed {
	struct cmsghdr head;
	char room[CMSG_SPACE(KINDS * sizeof(int))];
};

static int send_fds(int sock, const int *fd)
{
	union passed u = { .head = { .cmsg_len = CMSG_LEN(KINDS * sizeof(int)),
				     .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec io = { "f", 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = &u, .msg_controllen = sizeof(u) };

	memcpy(CMSG_DATA(&u.head), fd, KINDS * sizeof(int));
	return errno_or(sendmsg(sock, &msg, 0));
}

static int receive_fds(int sock, int *fd)
{
	union passed u;
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1,
			      .msg_control = &u, .msg_controllen = sizeof(u) };

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), KINDS * sizeof(int));
	return 0;
}

static int check_all(const struct fds *f, const struct ipcring_pcq_info *info, uint32_t bound)
{
	return check_ioctls(f, false) + check_transfers(f, false) + check_polls(f, false) +
	       check_mappings(f, info, bound, false);
}

/* Passed to nobody, who has no other right to the set: the same cells. */
TEST_F(rights, passed_on_exactly)
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
		_exit(check_all(&f, &self->info, variant->cpu));
	}
	ASSERT_EQ(1, send_fds(sock[0], self->f.fd));
	EXPECT_EQ(0, reap(pid));
}

/* As does a debugger's copy. */
TEST_F(rights, taken_by_pidfd_getfd)
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
	EXPECT_EQ(0, check_all(&f, &self->info, variant->cpu));
	kill(pid, SIGKILL);
	reap(pid);
}

TEST_HARNESS_MAIN
