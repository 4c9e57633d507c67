/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the code under test writes to stderr, for tests of messages. */
#ifndef TEST_STDERR_H
#define TEST_STDERR_H

#include <stdio.h>
#include <unistd.h>

static int stderr_saved = -1;
static FILE *stderr_file;

/* stderr_begin - from now on it goes to a file. */
static inline void stderr_begin(void)
{
    fflush(stderr);
    stderr_file = tmpfile();
    stderr_saved = dup(STDERR_FILENO);
    dup2(fileno(stderr_file), STDERR_FILENO);
}

/* stderr_end - what was written since; valid until the next one. */
static inline const char *stderr_end(void)
{
    static char text[8192];
    size_t len;

    fflush(stderr);
    dup2(stderr_saved, STDERR_FILENO);
    close(stderr_saved);
    rewind(stderr_file);
    len = fread(text, 1, sizeof(text) - 1, stderr_file);
    text[len] = '\0';
    fclose(stderr_file);
    return text;
}

#endif /* TEST_STDERR_H */
