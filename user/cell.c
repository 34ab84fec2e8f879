// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include "cell.h"

const char *cell_pattern_name(enum cell_pattern pattern)
{
	static const char *const name[] = {
		[PATTERN_PINGPONG] = "pingpong", [PATTERN_STREAM] = "stream",
		[PATTERN_PAIRS] = "pairs", [PATTERN_FANIN] = "fanin",
	};

	return name[pattern];
}

const char *cell_wait_name(enum mech_wait wait)
{
	static const char *const name[] = {
		[WAIT_BLOCK] = "block", [WAIT_SPIN] = "spin", [WAIT_SPIN_BLOCK] = "spin-block",
		[WAIT_POLL] = "poll", [WAIT_URING] = "uring",
	};

	return name[wait];
}

const char *cell_status_name(enum cell_status status)
{
	static const char *const name[] = {
		[CELL_OK] = "ok", [CELL_SKIP] = "skip", [CELL_FAIL] = "fail",
	};

	return name[status];
}

void cell_id(const struct cell *c, char *buf, size_t len)
{
	char width[16] = "";

	if (cell_wide(c))
		snprintf(width, sizeof(width), "/x%u", c->width);
	snprintf(buf, len, "%s/%s/%s/%zu/%s%s", c->ops->name, cell_pattern_name(c->pattern),
		 cell_wait_name(c->cfg.wait), c->cfg.size, topo_place_name(c->place), width);
}

static bool cell_counted(const struct cell *c, unsigned int upto, int cpu)
{
	for (unsigned int i = 0; i < upto; i++)
		if (c->worker[i].cpu == cpu)
			return true;
	return false;
}

unsigned int cell_cpus(const struct cell *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->nworkers; i++)
		n += !cell_counted(c, i, c->worker[i].cpu);
	return n + (c->service >= 0 && !cell_counted(c, c->nworkers, c->service));
}

void cell_fail(struct cell *c, const char *fmt, ...)
{
	va_list ap;

	if (c->status == CELL_FAIL)
		return;
	c->status = CELL_FAIL;
	va_start(ap, fmt);
	vsnprintf(c->why.text, sizeof(c->why.text), fmt, ap);
	va_end(ap);
}
