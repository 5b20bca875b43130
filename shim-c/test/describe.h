/* A decoded plan as the text describePlan of @tsbox/protocol makes of it, from what op_field gives. */
#ifndef TSBOX_TEST_DESCRIBE_H
#define TSBOX_TEST_DESCRIBE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

static const char *const NAME_OF[] = {
#define NAMES(code, operation, fields) [code] = (operation),
#include "names.def"
#undef NAMES
};

static const char *const FIELDS_OF[] = {
#define NAMES(code, operation, fields) [code] = (fields),
#include "names.def"
#undef NAMES
};

static const char *const KINDS_OF[] = {
#define OP(NAME, name, code, chapters, kinds) [code] = (kinds),
#include "gen/plan.def"
#undef OP
};

struct text {
    size_t length;
    char at[65536];
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text->length += (size_t)vsnprintf(text->at + text->length, sizeof text->at - text->length, format, arguments);
    va_end(arguments);
}

/* The code point at s and its length in bytes; 0 when that is no UTF-8. */
static int utf8_at(const uint8_t *s, size_t left, uint32_t *point) {
    int length = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    if (length == 0 || (size_t)length > left) return 0;
    *point = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if (s[i] >> 6 != 2) return 0;
        *point = *point << 6 | (s[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool surrogate = *point >= 0xd800 && *point < 0xe000;
    return *point < least[length] || *point > 0x10ffff || surrogate ? 0 : length;
}

static bool is_utf8(const uint8_t *s, size_t length) {
    uint32_t point;
    for (size_t i = 0; i < length;) {
        int step = utf8_at(s + i, length - i, &point);
        if (step == 0) return false;
        i += (size_t)step;
    }
    return true;
}

static void say_point(struct text *text, uint32_t point) {
    static const char escapes[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    const char *escape = point && point < 0x80 ? strchr(escapes, (int)point) : NULL;
    bool turns = point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
                 (point >= 0x2066 && point <= 0x2069);
    if (escape) say(text, "\\%c", letters[escape - escapes]);
    else if (point < 0x20 || (point >= 0x7f && point < 0xa0) || turns) say(text, "\\u%04x", point);
    else if (point < 0x80) say(text, "%c", (char)point);
    else if (point < 0x800) say(text, "%c%c", (char)(0xc0 | point >> 6), (char)(0x80 | (point & 0x3f)));
    else if (point < 0x10000)
        say(text, "%c%c%c", (char)(0xe0 | point >> 12), (char)(0x80 | (point >> 6 & 0x3f)), (char)(0x80 | (point & 0x3f)));
    else
        say(text, "%c%c%c%c", (char)(0xf0 | point >> 18), (char)(0x80 | (point >> 12 & 0x3f)),
            (char)(0x80 | (point >> 6 & 0x3f)), (char)(0x80 | (point & 0x3f)));
}

/* In quotes, as JSON has it; what is no UTF-8 is shown a byte at a time. */
static void say_quoted(struct text *text, const uint8_t *s, size_t length, bool as_bytes) {
    bool utf8 = !as_bytes && is_utf8(s, length);
    say(text, "\"");
    for (size_t i = 0; i < length;) {
        uint32_t point = s[i];
        i += utf8 ? (size_t)utf8_at(s + i, length - i, &point) : 1;
        say_point(text, point);
    }
    say(text, "\"");
}

static uint32_t number_at(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void say_list(struct text *text, struct field f, bool of_strings) {
    say(text, "[");
    for (uint64_t i = 0, n = f.n; i < n; i++) {
        if (i) say(text, ", ");
        if (of_strings) {
            const char *s = list_next(&f);
            say_quoted(text, (const uint8_t *)s, strlen(s), false);
        } else {
            say(text, "%u", number_at(f.p + 4 * i));
        }
    }
    say(text, "]");
}

/* Some numbers are read in another base. */
static void say_number(struct text *text, const char *name, size_t length, unsigned long long n) {
    bool octal = length == 4 && (memcmp(name, "mode", 4) == 0 || memcmp(name, "mask", 4) == 0);
    bool hex = (length == 5 && memcmp(name, "flags", 5) == 0) || (length == 10 && memcmp(name, "attributes", 10) == 0);
    say(text, octal ? "0%llo" : hex ? "0x%llx" : "%llu", n);
}

static void say_field(struct text *text, char kind, struct field f) {
    switch (kind) {
    case 's': say(text, "#%llu", (unsigned long long)f.n); return;
    case 'q': say(text, "0x%llx", (unsigned long long)f.n); return;
    case 'b':
        if (f.len && memchr(f.p, 0, f.len)) say(text, "<%llu bytes>", (unsigned long long)f.len);
        else say_quoted(text, f.p, f.len, true);
        return;
    case 'v':
    case 'n': say_list(text, f, kind == 'v'); return;
    default: say_quoted(text, (const uint8_t *)f.s, f.len, false);
    }
}

static void say_op(struct text *text, const struct op *op) {
    const char *kinds = KINDS_OF[op->code], *name = FIELDS_OF[op->code];
    say(text, "\n%4u  %s", op->index, NAME_OF[op->code]);
    for (unsigned i = 0; kinds[i]; i++) {
        struct field f = op_field(op, i);
        int length = (int)strcspn(name, " ");
        bool unset = (kinds[i] == 'o' && !f.s) || (kinds[i] == 's' && f.n == NO_SLOT);
        if (!unset) {
            say(text, " %.*s=", length, name);
            if (kinds[i] == 'u') say_number(text, name, (size_t)length, f.n);
            else say_field(text, kinds[i], f);
        }
        name += length + (name[length] == ' ');
    }
}

static void say_plan(struct text *text, const struct plan *plan) {
    static const char *const titles[] = {
        "outer: the supervisor, on the host",
        "\n\ninner: the box's init, in its namespaces",
        "\n\nteardown: the supervisor, after the last exit",
    };
    for (enum chapter chapter = OUTER; chapter < CHAPTERS; chapter++) {
        say(text, "%s", titles[chapter]);
        for (uint32_t i = 0; i < plan->count[chapter]; i++) say_op(text, &plan->ops[plan->first[chapter] + i]);
    }
    say(text, "\n");
}

#endif
