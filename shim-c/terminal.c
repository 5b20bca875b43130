/* The terminal of a box. The box gets one of its own, made in its own devpts, so that it can neither push
   characters into the caller's nor hold on to it; the supervisor relays between the two. */
#include "sys.h"

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "ops.h"
#include "shim.h"

static struct termios saved;
static bool is_saved;

void terminal_save(void) {
    is_saved = tcgetattr(0, &saved) == 0;
}

void terminal_restore(void) {
    if (is_saved) (void)tcsetattr(0, TCSANOW, &saved);
}

union rights {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_fd(int socket, int fd) {
    char byte = 0;
    union rights rights = {0};
    struct iovec io = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = rights.bytes, .msg_controllen = sizeof rights.bytes};
    rights.header.cmsg_level = SOL_SOCKET;
    rights.header.cmsg_type = SCM_RIGHTS;
    rights.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&rights.header), &fd, sizeof fd);
    return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

/* In init. The peer is opened from the master itself (TIOCGPTPEER): no path below /dev/pts is looked up. */
int op_open_terminal(const struct op *op) {
    struct winsize size;
    int unlock = 0;
    int master = openat(slot_fd(op_field(op, OPEN_TERMINAL_PTS).n), "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) return -1;
    int peer = -1;
    if (ioctl(master, TIOCSPTLCK, &unlock) == 0) peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (peer >= 0 && ioctl(0, TIOCGWINSZ, &size) == 0) (void)ioctl(master, TIOCSWINSZ, &size);
    int result = -1;
    if (peer >= 0 && fchown(peer, (uid_t)op_field(op, OPEN_TERMINAL_UID).n, (gid_t)-1) == 0 &&
        ioctl(peer, TIOCSCTTY, 0) == 0 && send_fd(box.terminal, master) == 0 && dup2(peer, 0) == 0 &&
        dup2(peer, 1) == 1 && dup2(peer, 2) == 2)
        result = 0;
    if (peer >= 0) close_keeping_errno(peer);
    close_keeping_errno(master);
    return result;
}

/* In the supervisor: takes the box's terminal and sets the caller's raw, so that every key goes to the box. */
int terminal_receive(int socket) {
    char byte;
    int master = -1;
    union rights rights = {0};
    struct iovec io = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = rights.bytes, .msg_controllen = sizeof rights.bytes};
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && rights.header.cmsg_type == SCM_RIGHTS)
        memcpy(&master, CMSG_DATA(&rights.header), sizeof master);
    if (master < 0) return -1;
    (void)fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    struct termios raw = saved;
    cfmakeraw(&raw);
    if (is_saved) (void)tcsetattr(0, TCSANOW, &raw);
    return master;
}

void terminal_resize(int terminal) {
    struct winsize size;
    if (ioctl(0, TIOCGWINSZ, &size) == 0) (void)ioctl(terminal, TIOCSWINSZ, &size);
}
