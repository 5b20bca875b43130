/*
 * agent_probe SOCKET NUMBER ERRNO: an agent for filters that ask (seccomp_unotify(2)). Whoever has a listener connects to the socket
 * and sends it. Says what came with it; answers each question about the system call of that number with that errno, lets
 * every other call happen, and says which was asked. Goes on until it is killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST = 16 };

static int listen_at(const char *path) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof address.sun_path) return -1;
	strcpy(address.sun_path, path);
	return s < 0 || bind(s, (struct sockaddr *)&address, sizeof address) || listen(s, 4) ? -1 : s;
}

/* The listener that a peer sends, with its words on a line of output. */
static int receive(int peer) {
	static char words[65536];
	union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(int))]; } rights;
	struct iovec io = { words, sizeof words };
	struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights };
	ssize_t n = recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *first = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	int fd = -1;
	if (first && first->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(first), sizeof fd);
	printf("state %.*s\n", n > 0 ? (int)n : 0, words);
	return fd;
}

static int answer(int listener, int number, int with) {
	struct seccomp_notif asked = { 0 };
	struct seccomp_notif_resp reply = { 0 };
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked)) return errno == EINTR || errno == ENOENT ? 0 : -1;
	int is_it = asked.data.nr == number;
	reply.id = asked.id;
	if (is_it) reply.error = -with;
	else reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	printf("asked about %d\n", asked.data.nr);
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) && errno != ENOENT ? -1 : 0;
}

int main(int argc, char **argv) {
	struct pollfd fds[MOST] = { { .events = POLLIN } };
	nfds_t count = 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	fds[0].fd = argc == 4 ? listen_at(argv[1]) : -1;
	if (fds[0].fd < 0) return fprintf(stderr, "agent_probe SOCKET NUMBER ERRNO: errno=%d\n", errno), 2;
	for (puts("ready"); poll(fds, count, -1) > 0 || errno == EINTR;) {
		for (nfds_t i = 1; i < count; i++) {
			if (fds[i].revents & POLLIN && answer(fds[i].fd, atoi(argv[2]), atoi(argv[3]))) fds[i].fd = -1;
			else if (fds[i].revents & POLLHUP) fds[i].fd = -1; /* nobody is left with this filter */
		}
		if (!(fds[0].revents & POLLIN) || count == MOST) continue;
		int peer = accept(fds[0].fd, NULL, NULL);
		fds[count++] = (struct pollfd){ .fd = receive(peer), .events = POLLIN };
		close(peer);
	}
	return 0;
}
