// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "output.h"
#include "result.h"

static int output_error(struct mech_why *why, const char *path, int error)
{
	mech_because(why, "--json: cannot write '%s': %s; name a file in a directory that you can write to",
		     path, strerror(-error));
	return error;
}

/* As fopen(path, "w") would have made it. */
static mode_t output_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* Beside the file itself: a rename onto a symbolic link would replace the link. */
static int output_open_temp(struct output *o, const char *path)
{
	int fd;

	o->target = realpath(path, NULL);
	if (o->target)
		path = o->target;
	else if (errno != ENOENT)
		return -errno;
	if (asprintf(&o->temp, "%s.XXXXXX", path) < 0) {
		o->temp = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(o->temp, O_CLOEXEC);
	if (fd < 0) {
		int err = -errno;

		free(o->temp);
		o->temp = NULL;
		return err;
	}
	fchmod(fd, output_mode());
	o->f = fdopen(fd, "w");
	return o->f ? 0 : -errno;
}

int output_open(struct output *o, const char *path, struct mech_why *why)
{
	struct stat st;
	int ret = 0;

	*o = (struct output){ .path = path };
	if (!path)
		return 0;
	if (!strcmp(path, "-")) {
		o->f = stdout;
		return 0;
	}
	if (stat(path, &st))
		ret = errno == ENOENT && lstat(path, &st) ? output_open_temp(o, path) : -errno;
	else if (S_ISDIR(st.st_mode))
		ret = -EISDIR;
	else if (S_ISREG(st.st_mode))
		ret = access(path, W_OK) ? -errno : output_open_temp(o, path);
	else
		ret = (o->f = fopen(path, "we")) ? 0 : -errno;
	if (!ret)
		return 0;
	output_discard(o);
	return output_error(why, path, ret);
}

void output_discard(struct output *o)
{
	if (o->f && o->f != stdout)
		fclose(o->f);
	if (o->temp)
		unlink(o->temp);
	free(o->temp);
	free(o->target);
	*o = (struct output){ 0 };
}

static int output_write(struct output *o, json_t *result)
{
	int ret = result_write(result, o->f);

	if (ret || o->f == stdout)
		return ret;
	if (o->temp && fsync(fileno(o->f)))
		return -errno;
	if (fclose(o->f))
		ret = -errno;
	o->f = NULL;
	if (!ret && o->temp && rename(o->temp, o->target ? o->target : o->path))
		ret = -errno;
	if (!ret) {
		free(o->temp);
		o->temp = NULL;
	}
	return ret;
}

/* Anywhere else; the name goes to @name. */
static int output_rescue(json_t *result, char *name, size_t len)
{
	const char *const dir[] = { getenv("TMPDIR"), "/tmp", "/dev/shm" };

	for (size_t i = 0; i < sizeof(dir) / sizeof(dir[0]); i++) {
		FILE *f;
		int fd, ret;

		if (!dir[i])
			continue;
		snprintf(name, len, "%.80s/ipcscope-result-XXXXXX", dir[i]);
		fd = mkostemp(name, O_CLOEXEC);
		f = fd < 0 ? NULL : fdopen(fd, "w");
		if (!f)
			continue;
		ret = result_write(result, f);
		if (fclose(f) || ret) {
			unlink(name);
			continue;
		}
		return 0;
	}
	return -ENOSPC;
}

int output_commit(struct output *o, json_t *result, struct mech_why *why)
{
	const char *path = o->path;
	char name[128];
	int ret;

	if (!o->f)
		return 0;
	ret = output_write(o, result);
	output_discard(o);
	if (!ret)
		return 0;
	if (output_rescue(result, name, sizeof(name)))
		mech_because(why, "--json: writing '%s': %s; the result fits nowhere else, the table is all there is",
			     path, strerror(-ret));
	else
		mech_because(why, "--json: writing '%s': %s; the result is in %s, make room and move it",
			     path, strerror(-ret), name);
	return ret;
}
