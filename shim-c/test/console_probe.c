/*
 * console_probe SOCKET: whoever has a terminal to hand over connects to the socket (`--console-socket`) and sends it. Says what
 * came, then copies what the terminal shows to standard output and standard input to the terminal, until the terminal ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof address.sun_path) return -1;
	strcpy(address.sun_path, path);
	return s < 0 || bind(s, (struct sockaddr *)&address, sizeof address) || listen(s, 1) ? -1 : s;
}

/* The words of a message, and the descriptors that came along. */
static ssize_t receive(int s, char *words, size_t room, int fds[4], size_t *count) {
	union { struct cmsghdr header; char bytes[CMSG_SPACE(4 * sizeof(int))]; } rights;
	struct iovec io = { words, room };
	struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights };
	ssize_t n = recvmsg(s, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *first = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	*count = first && first->cmsg_type == SCM_RIGHTS ? (first->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	if (*count) memcpy(fds, CMSG_DATA(first), *count * sizeof(int));
	return n;
}

static void describe(int master) {
	struct winsize size = { 0 };
	unsigned number = 0;
	int is_master = ioctl(master, TIOCGPTN, &number) == 0;
	ioctl(master, TIOCGWINSZ, &size);
	printf("master=%d pts=%u rows=%d columns=%d\n", is_master, number, size.ws_row, size.ws_col);
}

static void relay(int master) {
	struct pollfd fds[2] = { { .fd = master, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
	char bytes[4096];
	for (ssize_t n; poll(fds, 2, -1) > 0;) {
		if (fds[0].revents) { /* EIO: nobody has the other end open any more */
			if ((n = read(master, bytes, sizeof bytes)) <= 0) return;
			if (write(1, bytes, (size_t)n) != n) return;
		}
		if (fds[1].revents) {
			if ((n = read(0, bytes, sizeof bytes)) <= 0) fds[1].fd = -1;
			else if (write(master, bytes, (size_t)n) != n) return;
		}
	}
}

int main(int argc, char **argv) {
	char words[256];
	int fds[4];
	size_t count;
	setvbuf(stdout, NULL, _IOLBF, 0);
	int s = argc == 2 ? listen_at(argv[1]) : -1;
	if (s < 0) return fprintf(stderr, "console_probe SOCKET: errno=%d\n", errno), 2;
	puts("ready");
	int peer = accept(s, NULL, NULL);
	ssize_t n = receive(peer, words, sizeof words, fds, &count);
	printf("received %zu descriptor with \"%.*s\"\n", count, n > 0 ? (int)strnlen(words, (size_t)n) : 0, words);
	if (count < 1) return 1;
	describe(fds[0]);
	relay(fds[0]);
	return 0;
}
