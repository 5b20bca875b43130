/* The shim runs from a sealed copy of itself: a box that gets hold of /proc/1/exe, or names it as interpreter,
   holds a file nobody can write (CVE-2019-5736). */
#include "sys.h"

#include <sys/sendfile.h>

#include "ops.h"
#include "shim.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int sealed_copy(int exe) {
    int copy = memfd_create("tsbox-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (copy < 0 && errno == EINVAL) copy = memfd_create("tsbox-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) return -1;
    ssize_t n;
    while ((n = sendfile(copy, exe, NULL, 1 << 30)) > 0) {
    }
    return n < 0 || fcntl(copy, F_ADD_SEALS, SEALS) ? -1 : copy;
}

/* The text is UTF-8 with a character for each byte: U+0001 to U+00FF for itself, and U+0100 for the NUL that an
   environment cannot hold. The low bits of the two bytes of a longer character are the byte in every case. */
static int write_decoded(int fd, const char *text) {
    uint8_t bytes[4096];
    while (*text) {
        size_t used = 0;
        for (; *text && used < sizeof bytes; text++) {
            uint8_t c = (uint8_t)*text;
            if (c >= 0x80 && text[1]) c = (uint8_t)((c & 3) << 6 | (*++text & 0x3f));
            bytes[used++] = c;
        }
        if (write_whole(fd, bytes, used)) return -1;
    }
    return 0;
}

/* TSBOX_PLAN_A, TSBOX_PLAN_B …: one string of an environment holds 128 KiB at most. */
static const char *plan_part(char **environment, char part) {
    for (; *environment; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, "TSBOX_PLAN_", 11) == 0 && entry[11] == part && entry[12] == '=') return entry + 13;
    }
    return NULL;
}

/* process.execve of Node keeps no descriptor but the standard streams, so the plan of a foreground box comes in
   the environment, which only root can read, and goes on in memory at the descriptors a pipe would have. */
static int plan_from_environment(char **environment) {
    sys_close_range(CONTROL_FD, ~0u, 0);
    int plan = memfd_create("tsbox-plan", 0), status = memfd_create("tsbox-status", 0);
    if (plan != CONTROL_FD || status != STATUS_FD) return -1;
    for (char part = 'A'; part <= 'Z'; part++) {
        const char *text = plan_part(environment, part);
        if (text && write_decoded(plan, text)) return -1;
    }
    return lseek(plan, 0, SEEK_SET) < 0 ? -1 : 0;
}

/* What the caller preserves comes right after our own two, and waits out of the way. */
static int keep_preserved(unsigned count) {
    unsigned first = (unsigned)slot_fd(PRESERVED_SLOT);
    for (unsigned i = 0; i < count; i++)
        if (dup2(STATUS_FD + 1 + (int)i, (int)(first + i)) < 0) return -1;
    return sys_close_range(STATUS_FD + 1, first - 1, 0) || sys_close_range(first + count, ~0u, 0) ? -1 : 0;
}

int continue_sealed(char **environment, unsigned preserve) {
    char name[] = "tsbox-shim", *const argv[] = {name, NULL}, *const *none = argv + 1;
    int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (exe < 0) return -1;
    int seals = fcntl(exe, F_GET_SEALS);
    close(exe);
    if (seals >= 0 && (seals & SEALS) == SEALS) return 0;
    if (!plan_part(environment, 'A') ? keep_preserved(preserve) : plan_from_environment(environment)) return -1;
    exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int copy = exe < 0 ? -1 : sealed_copy(exe);
    if (copy >= 0) (void)syscall(SYS_execveat, copy, "", argv, none, AT_EMPTY_PATH);
    return -1;
}
