/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables under arbitrary sequences of operations: the first byte picks
 * the format, the rest feeds rig_step(), which compares with the reference and
 * asks the walker model after each.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pgt-rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t left;
};

static uint32_t next(void *arg)
{
    struct input *in = arg;
    uint32_t word = 0;
    size_t nr = in->left < sizeof(word) ? in->left : sizeof(word);

    memcpy(&word, in->data, nr);
    in->data += nr;
    in->left -= nr;

    return word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data + 1, size - 1};
    static struct rig rig;

    if ( size < 9 )
        return -1;

    rig_init(&rig, &rig_cases[data[0] % rig_nr_cases]);
    for ( unsigned int i = 0; in.left && i < 64; i++ )
        rig_step(&rig, next, &in);
    rig_check_all(&rig);
    rig_exit(&rig);

    return 0;
}
