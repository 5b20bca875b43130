/* The terminal of a box. The box gets one of its own, made in its own devpts, so that it can neither push
   characters into the caller's nor hold on to it; the supervisor relays between the two. */
#include "sys.h"

#include <sys/vfs.h>

#include "ops.h"
#include "shim.h"

#define DEVPTS_MAGIC 0x1cd1

void terminal_restore(void) {
    if (shared->raw) (void)tcsetattr(0, TCSANOW, &shared->terminal);
}

/* A message of some words and one descriptor. */
struct handover {
    struct iovec io;
    struct msghdr message;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights;
};

static void handover_init(struct handover *h, void *words, size_t length) {
    *h = (struct handover){.io = {words, length}};
    h->message = (struct msghdr){.msg_iov = &h->io, .msg_iovlen = 1, .msg_control = &h->rights,
                                 .msg_controllen = sizeof h->rights};
}

int send_fd(int socket, int fd, const void *words, size_t length) {
    struct handover h;
    handover_init(&h, (void *)(uintptr_t)words, length);
    h.rights.header.cmsg_level = SOL_SOCKET;
    h.rights.header.cmsg_type = SCM_RIGHTS;
    h.rights.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&h.rights.header), &fd, sizeof fd);
    return sendmsg(socket, &h.message, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}

/* A box's root, or another process in it, may have put anything where its terminals belong: a link to the host's, or a
   device that does things when it is opened. */
static bool is_devpts(int fd) {
    struct statfs fs;
    bool is = fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_MAGIC;
    errno = ENODEV;
    return is;
}

/* In init. The peer is opened from the master itself (TIOCGPTPEER): no path below /dev/pts is looked up. */
int op_open_terminal(const struct op *op) {
    struct winsize size = {.ws_row = (unsigned short)op_field(op, OPEN_TERMINAL_ROWS).n,
                           .ws_col = (unsigned short)op_field(op, OPEN_TERMINAL_COLUMNS).n};
    uint64_t to = op_field(op, OPEN_TERMINAL_TO).n, console = op_field(op, OPEN_TERMINAL_CONSOLE).n;
    int unlock = 0, pts = slot_fd(op_field(op, OPEN_TERMINAL_PTS).n);
    int master = is_devpts(pts) ? openat(pts, "ptmx", O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC) : -1;
    if (master < 0) return -1;
    int peer = -1;
    if (is_devpts(master) && ioctl(master, TIOCSPTLCK, &unlock) == 0) peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool sized = size.ws_row || size.ws_col || ioctl(0, TIOCGWINSZ, &size) == 0;
    if (peer >= 0 && sized) (void)ioctl(master, TIOCSWINSZ, &size);
    int result = -1;
    if (peer >= 0 && fchown(peer, (uid_t)op_field(op, OPEN_TERMINAL_UID).n, (gid_t)-1) == 0 &&
        (console == NO_SLOT || slot_keep(console, sys_open_tree(peer, "", AT_EMPTY_PATH)) == 0) &&
        ioctl(peer, TIOCSCTTY, 0) == 0 && send_fd(to == NO_SLOT ? box.link : slot_fd(to), master, "/dev/ptmx", 9) == 0 && dup2(peer, 0) == 0 &&
        dup2(peer, 1) == 1 && dup2(peer, 2) == 2)
        result = 0;
    if (peer >= 0) close_keeping_errno(peer);
    close_keeping_errno(master);
    return result;
}

/* In the supervisor: takes the box's terminal and sets the caller's raw, so that every key goes to the box. */
int terminal_receive(int socket) {
    int master = -1;
    char words[16];
    struct handover h;
    handover_init(&h, words, sizeof words);
    if (recvmsg(socket, &h.message, MSG_CMSG_CLOEXEC) > 0 && h.rights.header.cmsg_type == SCM_RIGHTS)
        memcpy(&master, CMSG_DATA(&h.rights.header), sizeof master);
    if (master < 0) return -1;
    (void)fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    return master;
}

void terminal_make_raw(void) {
    if (shared->raw || tcgetattr(0, &shared->terminal)) return;
    struct termios raw = shared->terminal;
    cfmakeraw(&raw);
    shared->raw = true;
    (void)tcsetattr(0, TCSANOW, &raw);
}

void terminal_resize(int terminal) {
    struct winsize size;
    if (ioctl(0, TIOCGWINSZ, &size) == 0) (void)ioctl(terminal, TIOCSWINSZ, &size);
}
