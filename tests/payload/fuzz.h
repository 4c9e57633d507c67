/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the fuzzing payload share: fuzz.c runs, looks for what is
 * disclosed and plays with registers; fuzz-calls.c makes up hypercalls.
 */
#ifndef PAYLOAD_FUZZ_H
#define PAYLOAD_FUZZ_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime.h"

#define FUZZ_NRS   64 /* hypercall numbers; others count as the last */
#define SLOTS      8  /* calls of a multicall, each with its structure */
#define SLOT_SIZE  256
#define LIST_WORDS (PAGE_SIZE / 8)

/* Memory that calls are pointed at: one a CPU, so that only we change it. */
struct arena {
    uint8_t slot[SLOTS][SLOT_SIZE];
    uint8_t multicall[PAGE_SIZE - SLOTS * SLOT_SIZE];
    uint64_t list[LIST_WORDS]; /* frame numbers, ports */
    uint64_t out[LIST_WORDS];  /* a pattern, until somebody writes there */
    uint8_t hole[PAGE_SIZE];   /* given back to the hypervisor */
};

struct fuzz {
    uint64_t state; /* of the random numbers */
    struct arena *arena;
    unsigned long calls, left, mmio, faults, disclosed;
    unsigned long tried[FUZZ_NRS], ok[FUZZ_NRS];
    unsigned int first_nr; /* what disclosed first, and what */
    unsigned long first_cmd;
    uint64_t first_value;
    volatile bool done;
};

/* The same for all CPUs. */
struct fuzz_world {
    bool control_domain;   /* what would end us, or the machine, is left out */
    uint64_t ground, end;  /* frames of RAM that may come and go */
    uint64_t ram_end;      /* behind all RAM */
    uint32_t console_port; /* to be left alone */
    uint64_t device;       /* an address that is no memory */
};

extern struct fuzz_world world;

uint64_t rnd64(struct fuzz *f);
unsigned int rnd(struct fuzz *f, unsigned int below);

/* is_ours - could it be an address of the hypervisor's own? */
bool is_ours(uint64_t v);

/* launder - what we say must not look like what they disclose. */
static inline uint64_t launder(uint64_t v)
{
    return is_ours(v) ? v & 0x7fffffffffffUL : v;
}

struct call {
    unsigned long nr, arg[5];
};

/* make_call - the arguments of some hypercall; structures go to @slot. */
void make_call(struct fuzz *f, struct call *c, unsigned int slot);

#endif
