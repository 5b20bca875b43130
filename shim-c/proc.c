/* What /proc tells of a process, and numbers as text. */
#include "sys.h"

#include "shim.h"

size_t put_decimal(char *to, uint64_t number) {
    char digits[20];
    size_t n = 0;
    do digits[n++] = (char)('0' + number % 10);
    while (number /= 10);
    for (size_t i = 0; i < n; i++) to[i] = digits[n - 1 - i];
    to[n] = 0;
    return n;
}

/* The C library's own brings two kilobytes of locale and overflow along. */
uint64_t parse_number(const char *at, unsigned base) {
    uint64_t number = 0;
    while (*at == ' ' || *at == '\t') at++;
    if (base == 16 && at[0] == '0' && at[1] == 'x') at += 2;
    for (;; at++) {
        unsigned digit = *at >= 'a' ? (unsigned)(*at - 'a' + 10) : (unsigned)(*at - '0');
        if (digit >= base) return number;
        number = number * base + digit;
    }
}

int open_proc(pid_t pid, const char *name, int flags) {
    char path[64] = "/proc/";
    size_t length = 6 + put_decimal(path + 6, (uint64_t)pid);
    memcpy(path + length, name, strlen(name) + 1);
    return open(path, flags | O_CLOEXEC);
}

bool read_proc(pid_t pid, const char *name, char text[PROC_TEXT]) {
    int fd = open_proc(pid, name, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, PROC_TEXT - 1);
    if (fd >= 0) close_keeping_errno(fd);
    if (length > 0) text[length] = 0;
    return length > 0;
}

/* "PID (NAME) STATE ...": a name may hold anything, so what follows is found from its end. Field 22 is the time the
   process was started, which tells it from a later one of the same number (proc_pid_stat(5)). */
uint64_t start_time(const char *line) {
    const char *at = strrchr(line, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? parse_number(at, 10) : 0;
}

/* A zombie has ended, whoever may not have waited for it yet. */
static bool is_alive(const char *line) {
    const char *name_end = strrchr(line, ')');
    return name_end && name_end[1] && !strchr("ZX", name_end[2]);
}

pid_t recorded_process(int dir, const char *file, bool *alive) {
    char then[512], now[PROC_TEXT];
    int fd = sys_open_beneath(dir, file, O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, then, sizeof then - 1);
    if (fd >= 0) close_keeping_errno(fd);
    *alive = false;
    if (length <= 0) return 0;
    then[length] = 0;
    pid_t pid = (pid_t)parse_number(then, 10);
    *alive = pid > 0 && read_proc(pid, "/stat", now) && start_time(now) == start_time(then) && is_alive(now);
    return pid;
}
