// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include "fnv.h"
#include "manifest.h"

#ifndef IPCSCOPE_VERSION
#define IPCSCOPE_VERSION "unknown"
#endif

/* First line of a file, null where it cannot be read. */
static json_t *manifest_line(const char *path)
{
	char buf[4096];
	FILE *f = fopen(path, "re");
	json_t *value = NULL;

	if (f && fgets(buf, sizeof(buf), f)) {
		buf[strcspn(buf, "\n")] = '\0';
		value = json_string(buf);
	}
	if (f)
		fclose(f);
	return value ? value : json_null();
}

/* Hash of a file's content, null where it cannot be read. */
static json_t *manifest_hash(const char *path)
{
	uint64_t hash = FNV_START;
	char buf[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return json_null();
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		hash = fnv_add(hash, buf, n);
	fclose(f);
	snprintf(buf, sizeof(buf), "%016llx", (unsigned long long)hash);
	return json_string(buf);
}

static json_t *manifest_config(const struct utsname *un)
{
	char path[256];
	json_t *value;

	snprintf(path, sizeof(path), "/boot/config-%s", un->release);
	value = manifest_hash("/proc/config.gz");
	if (!json_is_null(value))
		return value;
	json_decref(value);
	return manifest_hash(path);
}

static json_t *manifest_kernel(void)
{
	struct utsname un;

	uname(&un);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}",
			 "release", un.release, "version", un.version, "machine", un.machine,
			 "cmdline", manifest_line("/proc/cmdline"),
			 "config_hash", manifest_config(&un),
			 "preempt", manifest_line("/sys/kernel/debug/sched/preempt"));
}

static json_t *manifest_mitigations(void)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	json_t *all = json_object();
	char path[sizeof(dir) + 256];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		json_object_set_new(all, e->d_name, manifest_line(path));
	}
	if (d)
		closedir(d);
	return all;
}

static json_t *manifest_sysctls(void)
{
	static const char *const name[] = {
		"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "fs/mqueue/msg_max",
		"fs/mqueue/msgsize_max", "fs/pipe-max-size", "fs/pipe-user-pages-soft",
		"net/core/wmem_default", "net/core/rmem_default", "net/unix/max_dgram_qlen",
		"kernel/randomize_va_space", "kernel/numa_balancing",
	};
	json_t *all = json_object();
	char path[128];

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", name[i]);
		json_object_set_new(all, name[i], manifest_line(path));
	}
	return all;
}

static json_t *manifest_cpus(const struct topo *topo)
{
	json_t *all = json_array();

	for (size_t i = 0; i < topo->n; i++) {
		const struct topo_cpu *c = &topo->cpu[i];

		json_array_append_new(all, json_pack("{s:i, s:i, s:i, s:i}", "id", c->id,
						     "core", c->core, "llc", c->llc,
						     "node", c->node));
	}
	return all;
}

/* Between the first two usable CPUs; null with one CPU or under an emulator. */
static json_t *manifest_offset(const struct clock *clock, const struct topo *topo)
{
	uint64_t bound;

	if (topo->n < 2 || clock->unit != CLOCK_NS ||
	    clock_offset_bound(clock, topo->cpu[0].id, topo->cpu[1].id, &bound))
		return json_null();
	return json_integer((json_int_t)bound);
}

static json_t *manifest_clock(const struct clock *clock, const struct topo *topo)
{
	static const char source[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";

	return json_pack("{s:s, s:s, s:I, s:o, s:o}",
			 "unit", clock_unit_name(clock->unit),
			 "source", clock_source_name(clock),
			 "cost", (json_int_t)clock->cost,
			 "offset_bound", manifest_offset(clock, topo),
			 "clocksource", manifest_line(source));
}

static json_t *manifest_options(const struct run_cfg *cfg)
{
	return json_pack("{s:I, s:I, s:i, s:i, s:I, s:i, s:b, s:s?}",
			 "messages", (json_int_t)cfg->messages, "warmup", (json_int_t)cfg->warmup,
			 "blocks", (int)cfg->blocks, "rounds", (int)cfg->rounds,
			 "seed", (json_int_t)cfg->seed, "timeout", (int)cfg->timeout,
			 "trace", cfg->trace, "cpus", cfg->cpus);
}

static json_t *manifest_date(void)
{
	time_t now = time(NULL);
	char buf[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(buf);
}

json_t *manifest_build(const struct run_cfg *cfg, const struct clock *clock,
		       const struct topo *topo)
{
	return json_pack("{s:{s:s, s:o}, s:s?, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o}}",
		"tool", "version", IPCSCOPE_VERSION, "hash", manifest_hash("/proc/self/exe"),
		"note", cfg->note,
		"date", manifest_date(),
		"options", manifest_options(cfg),
		"kernel", manifest_kernel(),
		"clock", manifest_clock(clock, topo),
		"hypervisor", clock->hypervisor,
		"mitigations", manifest_mitigations(),
		"governor",
		manifest_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		"cpus", manifest_cpus(topo),
		"sysctl", manifest_sysctls(),
		"module", "version", manifest_line("/sys/module/ipcring/version"),
		"srcversion", manifest_line("/sys/module/ipcring/srcversion"));
}
