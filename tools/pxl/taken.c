/* SPDX-License-Identifier: GPL-2.0-or-later */
/* taken.c - devices that dom0 lost to a domain in the making; see taken.h. */
#include "taken.h"

#include <stdlib.h>

#include "pxl.h"

struct taken {
    struct taken *next;
    char *name;
    const char *command;
};

static struct taken *first, **last = &first;

void taken_note(const char *name, const char *command)
{
    struct taken *t = xcalloc(1, sizeof(*t));

    t->name = xstrdup(name);
    t->command = command;
    *last = t;
    last = &t->next;
}

void taken_tell(void)
{
    while ( first )
    {
        struct taken *t = first;

        warn("%s: was dom0's, and is in quarantine now; pxl %s %s gives it "
             "back",
             t->name, t->command, t->name);
        first = t->next;
        free(t->name);
        free(t);
    }
    last = &first;
}
