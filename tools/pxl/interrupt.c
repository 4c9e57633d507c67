/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interrupt.c - see interrupt.h. */
#include "interrupt.h"
#include "pxl.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t caught;

static void note(int sig)
{
    caught = sig;
}

static void set_all(void (*handler)(int sig))
{
    struct sigaction sa = {.sa_handler = handler};

    for ( size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++ )
        sigaction(signals[i], &sa, NULL);
}

void interrupt_catch(void)
{
    caught = 0;
    set_all(note);
}

void interrupt_ignore(void)
{
    set_all(SIG_IGN);
}

void interrupt_default(void)
{
    set_all(SIG_DFL);
}

bool interrupted(void)
{
    static bool said;

    if ( caught && !said )
    {
        err("interrupted: undoing what was made");
        said = true;
    }
    return caught != 0;
}
