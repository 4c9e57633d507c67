/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pxl - what its parts share: messages, memory, the table of commands.
 * Messages go to stderr as "pxl: ..."; results to stdout. Functions return 0
 * or -1 after they have said what is wrong, unless they say otherwise.
 */
#ifndef PXL_H
#define PXL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* err - what was wrong, where, and what to do; one line. */
void err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* verbose - shown with -v, which is counted in verbosity. */
extern unsigned int verbosity;
void verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * progress - "what: done/total unit" on one line of a terminal, once the work
 * has taken a second; nothing when stderr is none. done == total ends the line;
 * total 0: not known. The same pointer @what means the same work.
 */
void progress(const char *what, uint64_t done, uint64_t total,
              const char *unit);
/* progress_wait - the same of waiting, since @since (now_ms()), for at most @ms;
 * 0: not known. */
void progress_wait(const char *what, uint64_t since, uint64_t ms);
/* progress_end - take the line away: the work is over before its total. */
void progress_end(void);

/* Memory, or exit with a message. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* wait_ms - sleep; now_ms - a clock that never goes back. */
void wait_ms(unsigned int ms);
uint64_t now_ms(void);

/* Commands are listed in commands.h. */
struct command {
    const char *name;
    const char *args;                  /* "<domain> [-F]" */
    const char *help;                  /* one line */
    int (*run)(int argc, char **argv); /* argv[0]: the name; exit status */
};
/* usage - "pxl NAME ARGS" on stderr; returns the exit status for it. */
int usage(const char *name);

/*
 * options - getopt_long() for the command: -h and --help are done here, an
 * option that the command does not have ends the program.
 */
struct option;
int options(int argc, char **argv, const char *shortopts,
            const struct option *longopts);

/* domain_arg - a name or number; prints when there is none. -1: none. */
int domain_arg(const char *arg);
/* domain_name - of an id, from xenstore; "(null)" as xl says. To be freed. */
char *domain_name(int domid);

#endif /* PXL_H */
