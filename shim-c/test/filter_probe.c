/*
 * filter_probe: what a system call filter answers, asked of the kernel.
 *
 *   filter_probe [-f FILTER] [-F FLAGS] [-c] ABI:NUMBER[:ARG,ARG...]...
 *   filter_probe dump PID FILE
 *
 * For each probe there is a child with a second thread. The thread takes a filter (the bytes of a struct sock_filter[] in
 * the file FILTER, flags of seccomp(2)), makes one raw system call and leaves the result in shared memory, so that it
 * needs no further call that the filter might refuse. One line a probe:
 *
 *   ok          it returned no error          thread      the thread is gone, the process is not
 *   errno=N     it returned an error          signal=N    the process is gone
 *   trap=N      SIGSYS came, with si_errno N  exit=N      it ended by itself
 *   install=N   the filter was refused        hang        nothing in ten seconds
 *
 * ABI is x86_64, i386 (int $0x80 in a 64-bit program) or x32; on arm64, aarch64. An argument is a number, or @HEX: the
 * address, below 4 GiB, of memory that holds these bytes. -c gives up all capabilities first. The listener that a flag
 * asks for is closed before the call: its agent is dead. dump writes the filter that process PID was given first.
 *
 * Built with: musl-gcc -std=c11 -static -Os -Wall -Wextra -Werror (or gcc -static).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif
#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif
#define X32_BIT 0x40000000
#define MOST_ARGS 6

enum kind { NOTHING, RETURNED, TRAPPED, NOT_INSTALLED, THREAD_GONE, HANGS };

/* Written by the thread that asks, read by the processes above it. */
static volatile struct {
	enum kind kind;
	long value;
	int listener;
} *answer;

static struct {
	struct sock_fprog filter;
	unsigned flags;
	int no_caps;
	const char *abi;
	long nr, args[MOST_ARGS];
} probe;

static void nap(void) { nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL); }

static void tell(enum kind kind, long value) {
	answer->value = value;
	answer->kind = kind;
}

#if defined __x86_64__
static long native(long nr, const long *a) {
	register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}
static long i386(long nr, const long *a) {
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)r;
}
static int forks(const char *abi, long nr) {
	if (*abi == 'i') return nr == 2 || nr == 120 || nr == 190 || nr == 435;
	return (nr >= 56 && nr <= 58) || nr == 435;
}
static long call(void) {
	if (!strcmp(probe.abi, "x86_64")) return native(probe.nr, probe.args);
	if (!strcmp(probe.abi, "x32")) return native(probe.nr | X32_BIT, probe.args);
	return i386(probe.nr, probe.args);
}
static int known(const char *abi) { return !strcmp(abi, "x86_64") || !strcmp(abi, "x32") || !strcmp(abi, "i386"); }
#else
static int forks(const char *abi, long nr) { return *abi && (nr == 220 || nr == 435); }
static long call(void) {
	const long *a = probe.args;
	long r = syscall(probe.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return r < 0 ? -errno : r;
}
static int known(const char *abi) { return !strcmp(abi, "aarch64"); }
#endif

static void trapped(int signal, siginfo_t *info, void *context) {
	(void)signal, (void)context;
	tell(TRAPPED, info->si_errno);
	for (;;) continue;
}

static long drop_capabilities(void) {
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	return syscall(SYS_capset, &header, none);
}

static long install(void) {
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
	if (!probe.filter.len) return 0;
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, probe.flags, &probe.filter);
	if (fd < 0 || !(probe.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)) return fd;
	/* The other thread has no filter, so it closes the listener. */
	answer->listener = (int)fd;
	while (answer->listener >= 0) continue;
	return 0;
}

static int ask(void *unused) {
	(void)unused;
	if ((probe.no_caps && drop_capabilities()) || install() < 0) {
		tell(NOT_INSTALLED, errno);
	} else {
		long r = call();
		/* A child that the call made: it has nothing to say and ends without a call. */
		if (r == 0 && forks(probe.abi, probe.nr)) __builtin_trap();
		tell(RETURNED, r);
	}
	for (;;) continue;
}

static void in_child(void) {
	static char stack[65536] __attribute__((aligned(16)));
	static volatile int alive = 1;
	struct sigaction on_sigsys = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	sigaction(SIGSYS, &on_sigsys, NULL);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	if (clone(ask, stack + sizeof stack, flags, NULL, NULL, NULL, &alive) < 0) _exit(3);
	for (int naps = 0; naps < 50000; naps++) {
		int was_alive = alive;
		if (answer->listener >= 0) {
			close(answer->listener);
			answer->listener = -1;
		}
		if (answer->kind) _exit(0);
		if (!was_alive) tell(THREAD_GONE, 0);
		nap();
	}
	tell(HANGS, 0);
	_exit(0);
}

static void print_answer(int status) {
	long value = answer->value;
	switch (answer->kind) {
	case RETURNED: value < 0 && value > -4096 ? printf("errno=%ld\n", -value) : printf("ok\n"); break;
	case TRAPPED: printf("trap=%ld\n", value); break;
	case NOT_INSTALLED: printf("install=%ld\n", value); break;
	case THREAD_GONE: printf("thread\n"); break;
	case HANGS: printf("hang\n"); break;
	case NOTHING:
		if (WIFSIGNALED(status)) printf("signal=%d\n", WTERMSIG(status));
		else printf("exit=%d\n", WEXITSTATUS(status));
	}
}

static char *bytes_of(const char *hex, char *end) {
	size_t length = (size_t)(end - hex) / 2;
	char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	for (size_t i = 0; i < length && i < 4096; i++) {
		char two[3] = {hex[2 * i], hex[2 * i + 1], 0};
		memory[i] = (char)strtoul(two, NULL, 16);
	}
	return memory;
}

static int parse(char *text) {
	char *number = strchr(text, ':'), *arg = number ? strchr(number + 1, ':') : NULL;
	memset(probe.args, 0, sizeof probe.args);
	if (!number) return 0;
	*number = 0;
	probe.abi = text;
	probe.nr = (long)strtoul(number + 1, NULL, 0);
	for (int i = 0; arg && i < MOST_ARGS; i++) {
		char *next = strchr(arg + 1, ','), *end = next ? next : strchr(arg + 1, 0);
		probe.args[i] = arg[1] == '@' ? (long)(intptr_t)bytes_of(arg + 2, end) : (long)strtoull(arg + 1, NULL, 0);
		arg = next;
	}
	return known(probe.abi);
}

static void run(void) {
	int status = 0;
	tell(NOTHING, 0);
	answer->listener = -1;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) in_child();
	waitpid(child, &status, 0);
	print_answer(status);
}

static int load(const char *path) {
	static struct sock_filter program[BPF_MAXINSNS];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, program, sizeof program);
	if (size <= 0 || size % (ssize_t)sizeof *program) return -1;
	probe.filter = (struct sock_fprog){.len = (unsigned short)(size / (ssize_t)sizeof *program), .filter = program};
	return close(fd);
}

static int dump(pid_t pid, const char *path) {
	static struct sock_filter program[BPF_MAXINSNS];
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) || ptrace(PTRACE_INTERRUPT, pid, 0, 0)) return perror("ptrace"), 1;
	waitpid(pid, NULL, __WALL);
	long count = ptrace((int)PTRACE_SECCOMP_GET_FILTER, pid, (void *)0, program);
	if (count < 0) perror("PTRACE_SECCOMP_GET_FILTER");
	ptrace(PTRACE_DETACH, pid, 0, 0);
	FILE *out = count < 0 ? NULL : fopen(path, "we");
	if (!out) return 1;
	size_t written = fwrite(program, sizeof *program, (size_t)count, out);
	return fclose(out) || written != (size_t)count;
}

int main(int argc, char **argv) {
	if (argc == 4 && !strcmp(argv[1], "dump")) return dump((pid_t)atoi(argv[2]), argv[3]);
	for (int option; (option = getopt(argc, argv, "f:F:c")) != -1;) {
		if (option == 'f' && load(optarg)) return perror(optarg), 2;
		if (option == 'F') probe.flags = (unsigned)strtoul(optarg, NULL, 0);
		if (option == 'c') probe.no_caps = 1;
		if (option == '?') return 2;
	}
	answer = mmap(NULL, sizeof *answer, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answer == MAP_FAILED) return perror("mmap"), 2;
	for (int i = optind; i < argc; i++) {
		if (!parse(argv[i])) return fprintf(stderr, "no probe: %s\n", argv[i]), 2;
		run();
	}
	return 0;
}
