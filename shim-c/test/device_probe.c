/*
 * device_probe: asks the kernel what a cgroup's device rules allow.
 *
 *   device_probe attach FILE GROUP    loads FILE, the instructions of a BPF_PROG_TYPE_CGROUP_DEVICE program, and attaches it to
 *                                     the v2 group at GROUP, beside others; it lives as long as the group
 *   device_probe try GROUP NODE...    joins GROUP and tries each NODE, written as c:60:1, in a tmpfs nobody else sees
 *
 * `attach` prints `load: ok` and `attach: ok`, or the errno; what the verifier has to say goes to standard error. `try` prints a
 * line for each node, `c:60:1 m=1 r=1 w=0 rw=0`: whether it may be made, and opened for reading, writing and both. A node without
 * a driver does as well as any: the group's rules are asked first, so only EPERM counts as a refusal.
 *
 * Built with: musl-gcc -std=c11 -static -Os -Wall -Wextra -Werror (or gcc -static).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MOST_BYTES (1 << 20)

static long bpf(int command, union bpf_attr *attr) {
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

/* Prints `WHAT: ok` or `WHAT: errno=N`, and gives back what it was told. */
static long answer(const char *what, long r) {
	(void)(r < 0 ? printf("%s: errno=%d\n", what, errno) : printf("%s: ok\n", what));
	return r;
}

static ssize_t read_all(const char *path, void *to, size_t room) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return -1;
	ssize_t n = read(fd, to, room);
	close(fd);
	return n;
}

static int attach(const char *file, const char *group) {
	static uint64_t code[MOST_BYTES / sizeof(uint64_t)];
	static char log[1 << 16];
	ssize_t bytes = read_all(file, code, sizeof code);
	if (bytes < 0) return perror(file), 2;

	union bpf_attr load;
	memset(&load, 0, sizeof load);
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (uintptr_t)code;
	load.insn_cnt = (uint32_t)((size_t)bytes / sizeof *code);
	load.license = (uintptr_t)"MIT";
	load.log_buf = (uintptr_t)log;
	load.log_size = sizeof log;
	load.log_level = 4; /* statistics alone, so that a long program does not overflow the buffer */
	long program = answer("load", bpf(BPF_PROG_LOAD, &load));
	fputs(log, stderr);
	if (program < 0) return 0;

	int dir = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) return perror(group), 2;
	union bpf_attr to;
	memset(&to, 0, sizeof to);
	to.target_fd = (uint32_t)dir;
	to.attach_bpf_fd = (uint32_t)program;
	to.attach_type = BPF_CGROUP_DEVICE;
	to.attach_flags = BPF_F_ALLOW_MULTI;
	answer("attach", bpf(BPF_PROG_ATTACH, &to));
	return 0;
}

static int join(const char *group) {
	char path[4096];
	snprintf(path, sizeof path, "%s/cgroup.procs", group);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1) return perror(path), -1;
	return close(fd);
}

struct node {
	mode_t type;
	dev_t device;
};

static int parse(const char *text, struct node *node) {
	char type;
	unsigned major_number, minor_number;
	if (sscanf(text, "%c:%u:%u", &type, &major_number, &minor_number) != 3) return -1;
	node->type = type == 'b' ? S_IFBLK : S_IFCHR;
	node->device = makedev(major_number, minor_number);
	return 0;
}

static int may_open(const char *path, int flags) {
	int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) close(fd);
	return fd >= 0 || errno != EPERM;
}

static int try_nodes(const char *group, int count, char **texts) {
	char path[64];
	struct node node;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/tmp", "tmpfs", 0, "mode=700"))
		return perror("tmpfs"), 2;
	umask(0);
	/* What is opened has to be there already: inside the group it might not be allowed to be made. */
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "/tmp/there-%d", i);
		if (parse(texts[i], &node)) return fprintf(stderr, "not a node: %s\n", texts[i]), 2;
		if (mknod(path, node.type | 0666, node.device)) return perror(path), 2;
	}
	if (join(group)) return 2;
	for (int i = 0; i < count; i++) {
		parse(texts[i], &node);
		snprintf(path, sizeof path, "/tmp/made-%d", i);
		int make = mknod(path, node.type | 0666, node.device) == 0 || errno != EPERM;
		snprintf(path, sizeof path, "/tmp/there-%d", i);
		int r = may_open(path, O_RDONLY), w = may_open(path, O_WRONLY), rw = may_open(path, O_RDWR);
		printf("%s m=%d r=%d w=%d rw=%d\n", texts[i], make, r, w, rw);
	}
	return 0;
}

int main(int argc, char **argv) {
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && !strcmp(argv[1], "attach")) return attach(argv[2], argv[3]);
	if (argc >= 4 && !strcmp(argv[1], "try")) return try_nodes(argv[2], argc - 3, argv + 3);
	fprintf(stderr, "usage: device_probe attach FILE GROUP | try GROUP NODE...\n");
	return 2;
}
