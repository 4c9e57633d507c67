/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the code under test writes to stdout, as stderr.h. */
#ifndef TEST_STDOUT_H
#define TEST_STDOUT_H

#include <stdio.h>
#include <unistd.h>

static int stdout_saved = -1;
static FILE *stdout_file;

/* stdout_begin - from now on it goes to a file. */
static inline void stdout_begin(void)
{
    fflush(stdout);
    stdout_file = tmpfile();
    stdout_saved = dup(STDOUT_FILENO);
    dup2(fileno(stdout_file), STDOUT_FILENO);
}

/* stdout_end - what was written since; valid until the next one. */
static inline const char *stdout_end(void)
{
    static char text[8192];
    size_t len;

    fflush(stdout);
    dup2(stdout_saved, STDOUT_FILENO);
    close(stdout_saved);
    rewind(stdout_file);
    len = fread(text, 1, sizeof(text) - 1, stdout_file);
    text[len] = '\0';
    fclose(stdout_file);
    return text;
}

#endif /* TEST_STDOUT_H */
