/* The Test Anything Protocol, for test programs in C. Each includes this once. */
#ifndef TSBOX_TEST_TAP_H
#define TSBOX_TEST_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_run, tap_failed;

__attribute__((format(printf, 2, 3))) static int ok(int passed, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("%sok %d - ", passed ? "" : "not ", ++tap_run);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    if (!passed) tap_failed++;
    return passed;
}

/* Two numbers are equal; what they were is told when they are not. */
__attribute__((unused)) static int is(long long got, long long wanted, const char *what) {
    if (ok(got == wanted, "%s", what)) return 1;
    printf("# got %lld, wanted %lld\n", got, wanted);
    return 0;
}

static int done_testing(void) {
    printf("1..%d\n", tap_run);
    return tap_failed > 0;
}

#endif
