/*
 * probe: one static program that is the whole content of a test's root filesystem.
 *
 * The command is argv[0]'s base name (so /bin/true may be a link to it) or else argv[1]. Every command prints
 * plain lines: what the kernel said, as `ok` or `errno=N`, and never a text made from it. A command that was
 * refused still exits 0, because the refusal is the answer; only wrong usage exits 2.
 *
 * Built with: musl-gcc -std=c11 -static -Os -Wall -Wextra -Werror (or gcc -static).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char **whole_argv; /* as the kernel gave it, for `args` */

static unsigned long number(const char *s) { return strtoul(s, NULL, 0); }

/* Prints `WHAT: ok` or `WHAT: errno=N`; the exit status stays 0. */
static int answer(const char *what, long r) {
	return (r < 0 ? printf("%s: errno=%d\n", what, errno) : printf("%s: ok\n", what)), 0;
}

/* Prints a file, or only its lines that start with one of two words. */
static int copy_out(const char *what, const char *path, const char *one, const char *other) {
	char *line = NULL;
	size_t room = 0;
	FILE *f = fopen(path, "re");
	if (!f) return answer(what, -1);
	for (ssize_t n; (n = getline(&line, &room, f)) > 0;)
		if (!one || !strncmp(line, one, strlen(one)) || !strncmp(line, other, strlen(other)))
			fwrite(line, 1, (size_t)n, stdout);
	return ferror(f) ? answer(what, -1) : fclose(f);
}
static void print_link(const char *dir, const char *name, const char *between) {
	char path[512], to[4096];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	ssize_t n = readlink(path, to, sizeof to - 1);
	if (n < 0) printf("%s%serrno=%d\n", name, between, errno);
	else printf("%s%s%.*s\n", name, between, (int)n, to);
}

#define CMD(name) static int cmd_##name(int c, char **v)
#pragma GCC diagnostic ignored "-Wunused-parameter" /* most commands need neither the count nor the words */

CMD(true) { return 0; }
CMD(false) { return 1; }
CMD(exit) { return (int)number(v[1]); }
CMD(echo) { for (int i = 1; i < c; i++) printf(i > 1 ? " %s" : "%s", v[i]); puts(""); return 0; }
CMD(cat) { for (int i = 1; i < c; i++) copy_out("cat", v[i], NULL, NULL); return 0; }
CMD(status) { return copy_out("status", "/proc/self/status", NULL, NULL); }
CMD(mountinfo) { return copy_out("mountinfo", "/proc/self/mountinfo", NULL, NULL); }
CMD(env) { for (char **e = environ; *e; e++) puts(*e); return 0; }
CMD(args) {
	for (char **a = whole_argv; *a; a++) {
		putchar('"');
		for (unsigned char *s = (unsigned char *)*a; *s; s++)
			if (*s < 32 || *s > 126 || *s == '"' || *s == '\\') printf("\\x%02x", *s);
			else putchar(*s);
		puts("\"");
	}
	return 0;
}
CMD(fds) {
	DIR *d = opendir("/proc/self/fd");
	if (!d) return answer("fds", -1);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d)) print_link("/proc/self/fd", e->d_name, " -> ");
	return closedir(d);
}
CMD(cwd) {
	char buf[4096]; /* libc would hide a leading (unreachable) */
	return syscall(SYS_getcwd, buf, sizeof buf) < 0 ? answer("cwd", -1) : (puts(buf), 0);
}
CMD(stat) {
	static const char types[] = "?pc?d?b?f?l?s???";
	struct stat s;
	for (int i = 1; i < c; i++) {
		if (lstat(v[i], &s)) { printf("%s errno=%d\n", v[i], errno); continue; }
		printf("%s type=%c mode=%04o uid=%u gid=%u rdev=%u:%u ino=%llu size=%lld\n", v[i], types[s.st_mode >> 12],
		       s.st_mode & 07777, s.st_uid, s.st_gid, major(s.st_rdev), minor(s.st_rdev),
		       (unsigned long long)s.st_ino, (long long)s.st_size);
	}
	return 0;
}

/* `ls DIR` prints names in order; `ns` prints where each link in /proc/self/ns points. */
static int list(const char *what, const char *dir, int links) {
	struct dirent **e;
	int n = scandir(dir, &e, NULL, alphasort);
	for (int i = 0; i < n; i++)
		if (strcmp(e[i]->d_name, ".") && strcmp(e[i]->d_name, ".."))
			links ? print_link(dir, e[i]->d_name, " ") : (void)puts(e[i]->d_name);
	return n < 0 ? answer(what, -1) : 0;
}
CMD(ls) { return list("ls", v[1], 0); }
CMD(ns) { return list("ns", "/proc/self/ns", 1); }
CMD(write) {
	int fd = open(v[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return answer("write", fd < 0 ? -1 : write(fd, v[2], strlen(v[2])));
}
CMD(open) {
	int how = !strcmp(v[2], "rw") ? O_RDWR : v[2][0] == 'w' ? O_WRONLY : O_RDONLY;
	return answer("open", open(v[1], how | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}
CMD(mknod) {
	mode_t mode = 0666 | (v[2][0] == 'b' ? S_IFBLK : S_IFCHR);
	return answer("mknod", mknod(v[1], mode, makedev(number(v[3]), number(v[4]))));
}
static const char *dash_is_null(const char *s) { return !s || !strcmp(s, "-") ? NULL : s; }
CMD(mount) {
	return answer("mount", mount(dash_is_null(v[1]), v[2], dash_is_null(v[3]), c > 4 ? number(v[4]) : 0,
	                             c > 5 ? dash_is_null(v[5]) : NULL));
}
CMD(unlink) { return answer("unlink", unlink(v[1])); }
CMD(umount) { return answer("umount", umount2(v[1], MNT_DETACH)); }
CMD(unshare) { return answer("unshare", syscall(SYS_unshare, number(v[1]))); }
CMD(sethostname) { return answer("sethostname", sethostname(v[1], strlen(v[1]))); }
CMD(hostname) { struct utsname u; uname(&u); puts(u.nodename); return 0; }
CMD(ids) {
	gid_t groups[1024];
	int n = getgroups(1024, groups);
	printf("uid=%u gid=%u euid=%u egid=%u groups=", getuid(), getgid(), geteuid(), getegid());
	for (int i = 0; i < n; i++) printf(i ? ",%u" : "%u", groups[i]);
	return puts(""), 0;
}
CMD(ifaces) {
	char line[512];
	FILE *f = fopen("/proc/net/dev", "re");
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!f) return answer("ifaces", -1);
	for (int i = 0; fgets(line, sizeof line, f); i++) {
		struct ifreq r = { 0 };
		if (i < 2 || sscanf(line, " %15[^:]", r.ifr_name) != 1) continue;
		if (ioctl(s, SIOCGIFFLAGS, &r)) answer(r.ifr_name, -1);
		else printf("%s flags=0x%x up=%d\n", r.ifr_name, (unsigned short)r.ifr_flags, r.ifr_flags & IFF_UP);
	}
	return 0;
}
CMD(connect) {
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)number(v[2])) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six.sin6_port };
	int is_six = inet_pton(AF_INET6, v[1], &six.sin6_addr) == 1;
	if (!is_six && inet_pton(AF_INET, v[1], &four.sin_addr) != 1) return 2;
	int s = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr *to = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	return answer("connect", s < 0 ? -1 : connect(s, to, is_six ? sizeof six : sizeof four));
}
static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
CMD(sleep) {
	for (double end = now() + strtod(v[1], NULL), left; (left = end - now()) > 0;)
		nanosleep(&(struct timespec){ (time_t)left, (long)((left - (double)(time_t)left) * 1e9) }, NULL);
	return 0;
}
CMD(pause) { for (;;) pause(); return 0; }
CMD(spin) { for (double end = now() + strtod(v[1], NULL); now() < end;) {} puts("spun"); return 0; }
CMD(alloc) {
	size_t n = number(v[1]);
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return answer("alloc", -1);
	for (size_t i = 0; i < n; i += 4096) ((volatile char *)p)[i] = 1;
	return printf("allocated %zu\n", n), 0;
}
CMD(fork) {
	long want = (long)number(v[1]), made = 0;
	int first = 0;
	pid_t *pids = calloc((size_t)want + 1, sizeof *pids);
	for (; pids && made < want && (pids[made] = fork()) >= 0; made++)
		while (pids[made] == 0) pause();
	if (made < want) first = errno;
	for (long i = 0; i < made; i++) kill(pids[i], SIGKILL);
	for (long i = 0; i < made; i++) waitpid(pids[i], NULL, 0);
	return printf("forked %ld errno=%d\n", made, first), 0;
}
/* The grandchild outlives its parent, says who inherited it, and dies: now only that one can reap it. */
CMD(orphan) {
	int p[2], said[2];
	if (pipe(p)) return answer("orphan", -1);
	pid_t child = fork();
	if (child == 0) {
		pid_t parent = getpid();
		if (fork() != 0) _exit(0);
		while (getppid() == parent) usleep(500);
		said[0] = getpid(), said[1] = getppid();
		_exit(write(p[1], said, sizeof said) < 0);
	}
	close(p[1]);
	waitpid(child, NULL, 0);
	if (child < 0 || read(p[0], said, sizeof said) != sizeof said) return answer("orphan", -1);
	printf("self %d child %d grandchild %d inherited-by %d\n", getpid(), child, said[0], said[1]);
	return 0;
}
CMD(zombies) {
	int count = 0;
	char path[300], line[1024];
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
		FILE *f = atoi(e->d_name) ? fopen(path, "re") : NULL;
		char *name_end = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
		count += name_end && !strncmp(name_end, ") Z", 3);
		if (f) fclose(f);
	}
	return d ? (printf("zombies %d\n", count), 0) : answer("zombies", -1);
}
static void say_signal(int n) {
	char line[16]; /* small enough for snprintf to touch nothing that a signal could have caught half done */
	if (write(1, line, (size_t)snprintf(line, sizeof line, "got %d\n", n)) < 0 || n == SIGTERM) _exit(0);
}
CMD(signal) {
	static const int which[] = { 1, 2, 3, 10, 12, 15, 28 };
	for (size_t i = 0; i < sizeof which / sizeof *which; i++) signal(which[i], say_signal);
	puts("ready");
	return cmd_pause(c, v);
}
CMD(ignore_term) { signal(SIGTERM, SIG_IGN); puts("ready"); return cmd_pause(c, v); }
static void print_winsize(void) {
	struct winsize w;
	ioctl(0, TIOCGWINSZ, &w) ? answer("winsize", -1) : printf("winsize rows=%d cols=%d\n", w.ws_row, w.ws_col);
}
CMD(tty) {
	for (int fd = 0; fd < 3; fd++) {
		printf("isatty=%d fd ", isatty(fd));
		print_link("/proc/self/fd", (char[]){ (char)('0' + fd), 0 }, " ");
	}
	return print_winsize(), 0;
}
CMD(winch) {
	sigset_t changed;
	sigemptyset(&changed), sigaddset(&changed, SIGWINCH);
	sigprocmask(SIG_BLOCK, &changed, NULL);
	for (puts("ready"); sigwaitinfo(&changed, NULL) > 0 || errno == EINTR;) print_winsize();
	return 0;
}
CMD(tiocsti) {
	static const char *const names[] = { "fd 0", "fd 1", "fd 2", "/dev/tty" };
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 4; i++) answer(names[i], ioctl(i < 3 ? i : tty, TIOCSTI, v[1]));
	return 0;
}
CMD(syscall) {
	long a[6] = { 0 };
	for (int i = 2; i < c && i < 8; i++) a[i - 2] = (long)number(v[i]);
	long r = syscall((long)number(v[1]), a[0], a[1], a[2], a[3], a[4], a[5]);
	return printf(r < 0 ? "ret=%ld errno=%d\n" : "ret=%ld\n", r, errno), 0;
}
CMD(keyring) {
	long id = syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3L /* the session's */, 0L);
	return id < 0 ? answer("keyring", -1) : (printf("session %ld\n", id), 0);
}
CMD(hostmark) {
	struct stat s;
	return stat(v[1], &s) ? answer("hostmark", -1) : (puts("hostmark: visible"), 0);
}
/* Keep a directory from outside the new root, climb from there, and make the top the root. */
CMD(doublechroot) {
	int outside = open("/", O_RDONLY | O_DIRECTORY);
	const char *jail = mkdir("/.escape", 0700) == 0 || errno == EEXIST ? "/.escape" : "/bin";
	answer("chroot", chroot(jail));
	answer("fchdir", fchdir(outside));
	for (int i = 0; i < 64; i++) if (chdir("..")) break;
	answer("chroot-again", chroot("."));
	unlinkat(outside, ".escape", AT_REMOVEDIR);
	while (*v[1] == '/') v[1]++;
	return cmd_hostmark(c, v);
}
CMD(rlimits) {
	static const char *const names[] = { "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock",
		"as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime" };
	for (int i = 0; i < 16; i++) { /* numbered so on x86 and arm64 */
		struct rlimit l;
		if (getrlimit(i, &l)) { answer(names[i], -1); continue; }
		printf("%s", names[i]);
		for (int k = 0; k < 2; k++) {
			rlim_t n = k ? l.rlim_max : l.rlim_cur;
			printf(n == RLIM_INFINITY ? " unlimited" : " %llu", (unsigned long long)n);
		}
		puts("");
	}
	return 0;
}
CMD(caps) {
	copy_out("caps", "/proc/self/status", "Cap", "NoNewPrivs");
	printf("Securebits:\t%d\n", prctl(27 /* PR_GET_SECUREBITS */, 0, 0, 0, 0));
	return 0;
}
CMD(ptrace) { return answer("ptrace", syscall(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, number(v[1]), 0, 0)); }
CMD(umask) { printf("%04o\n", umask(0)); return 0; }
CMD(sysctl) {
	char path[512];
	snprintf(path, sizeof path, "/proc/sys/%s", v[1]);
	for (char *s = path + 10; *s; s++) if (*s == '.') *s = '/';
	return copy_out("sysctl", path, NULL, NULL);
}

#define ROW(name, least, args) { #name, cmd_##name, least, args }
static const struct { const char *name; int (*run)(int, char **); int least; const char *args; } commands[] = {
	ROW(true, 0, ""), ROW(false, 0, ""), ROW(exit, 1, "N"), ROW(echo, 0, "ARGS"), ROW(cat, 1, "FILE..."),
	ROW(status, 0, ""), ROW(fds, 0, ""), ROW(env, 0, ""), ROW(args, 0, ""), ROW(cwd, 0, ""), ROW(stat, 1, "PATH..."),
	ROW(ls, 1, "DIR"), ROW(write, 2, "FILE TEXT"), ROW(open, 2, "FILE r|w|rw"), ROW(mknod, 4, "PATH c|b MAJOR MINOR"),
	ROW(mount, 3, "SRC DST TYPE [FLAGS [DATA]], - for none"), ROW(umount, 1, "PATH"), ROW(unlink, 1, "PATH"), ROW(unshare, 1, "FLAGS"),
	ROW(ids, 0, ""), ROW(hostname, 0, ""), ROW(sethostname, 1, "NAME"), ROW(ns, 0, ""), ROW(mountinfo, 0, ""),
	ROW(ifaces, 0, ""), ROW(connect, 2, "ADDRESS PORT"), ROW(sleep, 1, "SECONDS"), ROW(pause, 0, ""),
	ROW(spin, 1, "SECONDS"), ROW(alloc, 1, "BYTES"), ROW(fork, 1, "N"), ROW(orphan, 0, ""), ROW(zombies, 0, ""),
	ROW(signal, 0, ""), { "ignore-term", cmd_ignore_term, 0, "" }, ROW(tty, 0, ""), ROW(winch, 0, ""),
	ROW(tiocsti, 1, "CHAR"), ROW(syscall, 1, "NR [ARGS...]"), ROW(keyring, 0, ""), ROW(hostmark, 1, "PATH"),
	ROW(doublechroot, 1, "HOSTMARK"), ROW(rlimits, 0, ""), ROW(caps, 0, ""), ROW(ptrace, 1, "PID"), ROW(umask, 0, ""),
	ROW(sysctl, 1, "NAME"),
};
enum { COMMANDS = sizeof commands / sizeof *commands };

int main(int argc, char **argv) {
	const char *base = argc && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argc ? argv[0] : "";
	whole_argv = argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int skip = 0; skip < 2 && skip < argc; skip++)
		for (int i = 0; i < COMMANDS; i++) {
			if (strcmp(skip ? argv[1] : base, commands[i].name)) continue;
			if (argc - skip <= commands[i].least) return fprintf(stderr, "%s %s\n", commands[i].name, commands[i].args), 2;
			return commands[i].run(argc - skip, argv + skip);
		}
	for (int i = 0; i < COMMANDS; i++) fprintf(stderr, "%s %s\n", commands[i].name, commands[i].args);
	return 2;
}
