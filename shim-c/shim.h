/* What the supervisor's parts share. */
#ifndef TSBOX_SHIM_H
#define TSBOX_SHIM_H

#include <sys/types.h>
#include <termios.h>

#include "plan.h"

#define CONTROL_FD 3 /* the plan comes in here; afterwards a byte per await, and end of file when the owner is gone */
#define STATUS_FD 4
#define EXIT_OURS 125

extern struct plan the_plan;

/* What the supervisor knows of its box. */
struct box {
    pid_t pid; /* of init, 0 before clone */
    pid_t host_pid; /* the same, known to init too: its number on the host */
    int pidfd;
    int records; /* read end of init's status pipe */
    int link; /* our end of the socket on which supervisor and init meet, and on which init hands over a terminal */
    int terminal; /* the box's, once it has been handed over */
    bool claimed; /* the name is ours: there is something to tear down */
    bool failed; /* set-up failed */
    bool notable; /* a counter says a limit was hit */
    bool started; /* exec succeeded */
    int exit_status;
    uint64_t lock_slot;
    uint32_t heard_from; /* the index that operations have here whose 0 init tells */
    const struct op *handback;
};
extern struct box box;

/* status.c: what the shim tells, fixed-size records, numbers only. */
struct record {
    uint16_t kind;
    uint16_t code;
    uint32_t index;
    int32_t value;
    int32_t extra;
    uint64_t ns;
    uint32_t length; /* of the payload that follows */
    uint32_t zero;
};
_Static_assert(sizeof(struct record) == RECORD_BYTES, "a record has no padding");

/* Where this process's records go: descriptor 4 in the supervisor, the inner pipe in the box's init. */
extern int status_fd;
extern uint32_t told_from; /* the operation whose index is told as 0: behind a gate it is another plan that is told of */

uint64_t now_ns(void);
void tell(struct record record);
void tell_op(enum record_kind kind, const struct op *op, int value);
void tell_with(const struct record *record, const void *payload);

/* proc.c */
#define PROC_TEXT 16384
size_t put_decimal(char *to, uint64_t number);
uint64_t parse_number(const char *at, unsigned base);
int open_proc(pid_t pid, const char *name, int flags);
bool read_proc(pid_t pid, const char *name, char text[PROC_TEXT]);
uint64_t start_time(const char *line); /* of /proc/PID/stat */
pid_t recorded_process(int dir, const char *file, bool *alive);

/* shim.c: runs a chapter until an operation fails; teardown goes on past failures. */
int run_chapter(enum chapter chapter);

/* front.c: this program under the command's name. */
bool front_open(char **argv); /* returns when there is a written plan to run */
void front_give_up(void);
size_t front_arguments(const char **vector, size_t room);

/* seal.c: continues from a sealed copy of this program with the plan on CONTROL_FD; returns in the copy. */
int continue_sealed(char **environment, unsigned preserve);

/* janitor.c: a second process that tears down when this one is killed. */
extern struct shared {
    uint8_t made[MAX_OPS]; /* which operations have made something, by index */
    bool all; /* all that the teardown names is ours */
    bool claimed; /* the name is ours, and with it what bears it */
    bool heir;    /* until we know what bears it: what nobody holds any more is ours, whoever made it */
    bool raw; /* the caller's terminal is, and was: */
    struct termios terminal;
} *shared; /* with the janitor */
int janitor_start(const char *run_dir);
void janitor_revive(pid_t dead);
void janitor_dismiss(void);
void janitor_forget(void);
int lock_run_dir(const char *path);
int lock_patiently(const char *path);

/* gate.c */
int connect_to(int dir, const char *path);

/* spawn.c: text in which a mark stands for the pid of init. */
int write_words(int fd, struct field words);
struct output {
    uint32_t length;
    char text[1024];
};

/* filters.c */
int filter_apply(bool asks);
int listener_hand_over(const struct record *announced);

/* terminal.c: the caller's terminal, ours to set raw and to restore, and the box's, relayed to it. */
int send_fd(int socket, int fd, const void *words, size_t length);
void terminal_restore(void);
int terminal_receive(int socket);
void terminal_resize(int terminal);
void terminal_make_raw(void);

/* supervise.c */
void box_kill(void);
bool hear_record(void); /* of init; false at the end */
void die_with_supervisor(void); /* in init */
void signals_by_default(void);

#endif
