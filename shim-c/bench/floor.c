/*
 * floor: what the kernel alone takes for one full box.
 *
 * It makes the system calls that a box needs, with nothing in front of them: no plan, no decoder, no messages, no
 * choice. What another program takes more than this is its own.
 *
 *   floor full ROOT CMD [ARG...]    one box over ROOT (an overlay's lower layer), from cgroup mkdir to rmdir
 *   floor bare CMD [ARG...]         fork, exec, wait
 *   floor loop N full|bare ...      N times in this process; prints microseconds, p50 and p99
 *
 * A box has an empty directory beside ROOT and cgroups called $FLOOR_NAME-PID while it lives.
 *
 * Built with: musl-gcc -std=c11 -static -Os -Wall -Wextra -Werror (or gcc -static).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* linux/sched.h, which musl's headers do not carry */
struct clone_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
#define NEW_CGROUP 0x02000000
#define NEW_TIME 0x00000080
#define INTO_CGROUP 0x200000000ull
enum { NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET | NEW_TIME };

/* The hierarchies of cgroup v1 and hybrid machines; where one is not mounted its row is passed over. */
static struct hierarchy {
	const char *controller, *limit, *value;
	char dir[512];
} hierarchies[] = {
	{ "pids", "pids.max", "64", "" },
	{ "memory", "memory.limit_in_bytes", "268435456", "" },
	{ "cpu", "cpu.cfs_quota_us", "100000", "" },
	{ "cpuacct", NULL, NULL, "" },
	{ "blkio", NULL, NULL, "" },
	{ "", NULL, NULL, "" }, /* the unified one; its name in /proc/self/cgroup is empty */
};
enum { HIERARCHIES = sizeof hierarchies / sizeof *hierarchies };

static const struct { const char *name; int major, minor; } nodes[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static void must(long r, const char *what)
{
	if (r >= 0) return;
	fprintf(stderr, "floor: %s: errno=%d\n", what, errno);
	_exit(125);
}

static void put(const char *dir, const char *file, const char *text)
{
	char path[600];
	snprintf(path, sizeof path, "%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd, path);
	must(write(fd, text, strlen(text)), path);
	close(fd);
}

/* Names a cgroup below our own in every hierarchy that is mounted where systems mount them. */
static void place_cgroups(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/cgroup", "re");
	must(f ? 0 : -1, "/proc/self/cgroup");
	while (fgets(line, sizeof line, f)) {
		char *controller = strchr(line, ':') + 1, *own = strchr(controller, ':');
		*own++ = 0;
		own[strcspn(own, "\n")] = 0;
		for (struct hierarchy *h = hierarchies; h < hierarchies + HIERARCHIES; h++) {
			char mounted[64];
			if (strcmp(h->controller, controller)) continue;
			snprintf(mounted, sizeof mounted, "/sys/fs/cgroup/%s", *controller ? controller : "unified");
			if (!access(mounted, W_OK))
				snprintf(h->dir, sizeof h->dir, "%s%s/%s-%d", mounted, own[1] ? own : "",
				         getenv("FLOOR_NAME") ? getenv("FLOOR_NAME") : "floor", getpid());
		}
	}
	fclose(f);
}

static void each_cgroup(int (*act)(const struct hierarchy *))
{
	for (int i = 0; i < HIERARCHIES; i++)
		if (hierarchies[i].dir[0]) must(act(&hierarchies[i]), hierarchies[i].dir);
}
static int make_limited(const struct hierarchy *h)
{
	int r = mkdir(h->dir, 0755);
	if (r == 0 && h->limit) put(h->dir, h->limit, h->value);
	return r;
}
/*
 * Moving through cgroup.procs takes cgroup_threadgroup_rwsem for writing, which waits for an RCU grace period: 10 ms
 * and more on a quiet machine. A thread that writes 0 to v1's tasks, and a clone into a v2 cgroup, do not take it.
 */
static int join(const struct hierarchy *h)
{
	if (*h->controller) put(h->dir, "tasks", "0");
	return 0;
}
static int open_unified(void)
{
	const char *dir = hierarchies[HIERARCHIES - 1].dir;
	return *dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}
static int discard(const struct hierarchy *h) { return rmdir(h->dir); }

static void make_dev(void)
{
	char path[32];
	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=64k"), "dev");
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
		snprintf(path, sizeof path, "dev/%s", nodes[i].name);
		must(mknod(path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), path);
	}
	mkdir("dev/pts", 0755), mkdir("dev/shm", 01777);
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"), "pts");
	must(mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m"), "shm");
	must(symlink("pts/ptmx", "dev/ptmx") | symlink("/proc/self/fd", "dev/fd"), "dev links");
}

static void make_root(const char *lower, const char *scratch)
{
	char data[1200];
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount("tmpfs", scratch, "tmpfs", 0, "mode=755"), "tmpfs");
	must(chdir(scratch), "chdir");
	must(mkdir("upper", 0755) | mkdir("work", 0755) | mkdir("root", 0755), "mkdir");
	snprintf(data, sizeof data, "lowerdir=%s,upperdir=upper,workdir=work", lower);
	must(mount("overlay", "root", "overlay", 0, data), "overlay");
	must(chdir("root"), "chdir");
	mkdir("proc", 0755), mkdir("sys", 0755), mkdir("dev", 0755);
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "proc");
	must(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL), "sysfs");
	make_dev();
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "detach");
	must(chdir("/"), "chdir");
}

static void raise_loopback(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(s, "socket");
	must(ioctl(s, SIOCSIFFLAGS, &r), "lo");
	close(s);
}

static int wait_for(pid_t pid)
{
	int status;
	must(waitpid(pid, &status, 0), "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* words: ROOT CMD ARG... */
static int full(char **words)
{
	char scratch[512];
	struct clone_arguments how = { .flags = NAMESPACES, .exit_signal = SIGCHLD };
	place_cgroups();
	snprintf(scratch, sizeof scratch, "%s.XXXXXX", words[0]);
	must(mkdtemp(scratch) ? 0 : -1, scratch);
	each_cgroup(make_limited);
	int unified = open_unified();
	if (unified >= 0) how.flags |= INTO_CGROUP, how.cgroup = (uint64_t)unified;
	pid_t pid = (pid_t)syscall(SYS_clone3, &how, sizeof how);
	must(pid, "clone3");
	if (pid == 0) {
		each_cgroup(join);
		must(unshare(NEW_CGROUP), "unshare");
		must(sethostname("floor", 5), "sethostname");
		raise_loopback();
		make_root(words[0], scratch);
		must(syscall(SYS_close_range, 3u, ~0u, 0u), "close_range");
		must(execv(words[1], words + 1), words[1]);
	}
	if (unified >= 0) close(unified);
	int code = wait_for(pid);
	each_cgroup(discard);
	must(rmdir(scratch), scratch);
	return code;
}

/* words: CMD ARG... */
static int bare(char **words)
{
	pid_t pid = fork();
	must(pid, "fork");
	if (pid == 0) must(execv(words[0], words), words[0]);
	return wait_for(pid);
}

static int run(char **words) { return !strcmp(words[0], "full") ? full(words + 1) : bare(words + 1); }

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static int loop(int n, char **words)
{
	double *us = calloc((size_t)n, sizeof *us);
	struct timespec from, to;
	for (int i = 0; i < n; i++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		int code = run(words);
		clock_gettime(CLOCK_MONOTONIC, &to);
		if (code) return code;
		us[i] = (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
	}
	qsort(us, (size_t)n, sizeof *us, by_size);
	printf("n=%d p50=%.0f p99=%.0f\n", n, us[n / 2], us[(int)((double)n * 0.99)]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 5 && !strcmp(argv[1], "loop") && atoi(argv[2]) > 0 && !strcmp(argv[3], "full"))
		return loop(atoi(argv[2]), argv + 3);
	if (argc > 4 && !strcmp(argv[1], "loop") && atoi(argv[2]) > 0 && !strcmp(argv[3], "bare"))
		return loop(atoi(argv[2]), argv + 3);
	if ((argc > 3 && !strcmp(argv[1], "full")) || (argc > 2 && !strcmp(argv[1], "bare"))) return run(argv + 1);
	fputs("floor [loop N] full ROOT CMD [ARG...] | bare CMD [ARG...]\n", stderr);
	return 2;
}
