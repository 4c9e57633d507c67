/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the code under test writes to stdout and stderr. */
#ifndef TEST_CAPTURED_H
#define TEST_CAPTURED_H

#include <stdio.h>
#include <unistd.h>

struct captured {
    FILE *stream, *file;
    int saved;
    char text[8192];
};

static struct captured captured_out, captured_err;

static inline void captured_begin(struct captured *c, FILE *stream)
{
    fflush(stream);
    c->stream = stream;
    c->file = tmpfile();
    c->saved = dup(fileno(stream));
    dup2(fileno(c->file), fileno(stream));
}

static inline const char *captured_end(struct captured *c)
{
    fflush(c->stream);
    dup2(c->saved, fileno(c->stream));
    close(c->saved);
    rewind(c->file);
    c->text[fread(c->text, 1, sizeof(c->text) - 1, c->file)] = '\0';
    fclose(c->file);
    return c->text;
}

/* stdout_begin, stderr_begin - from now on it goes to a file.
 * stdout_end, stderr_end - what was written since; valid until the next one. */
static inline void stdout_begin(void)
{
    captured_begin(&captured_out, stdout);
}

static inline const char *stdout_end(void)
{
    return captured_end(&captured_out);
}

static inline void stderr_begin(void)
{
    captured_begin(&captured_err, stderr);
}

static inline const char *stderr_end(void)
{
    return captured_end(&captured_err);
}

#endif /* TEST_CAPTURED_H */
