/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pxl.h"

#include <errno.h>
#include <time.h>

void wait_ms(unsigned int ms)
{
    struct timespec t = {.tv_sec = ms / 1000,
                         .tv_nsec = (long)(ms % 1000) * 1000000};

    while ( nanosleep(&t, &t) && errno == EINTR )
        continue;
}

uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
