/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See rcar_clean.h. The CPU model calls arm_dc_clean_hook (target/arm). */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "cpu.h"
#include "rcar_clean.h"

#define LINE 64

typedef struct Seen {
    uint64_t known; /* bit per line */
    uint8_t data[4096];
} Seen;

static GHashTable *pages;

static Seen *page_at(hwaddr pa, bool make)
{
    uint64_t key = pa >> 12;
    Seen *s = g_hash_table_lookup(pages, &key);

    if ( !s && make )
    {
        s = g_new0(Seen, 1);
        g_hash_table_insert(pages, g_memdup2(&key, sizeof(key)), s);
    }
    return s;
}

static void cleaned(hwaddr pa)
{
    Seen *s = page_at(pa, true);

    pa &= ~(hwaddr)(LINE - 1);
    address_space_read(&address_space_memory, pa, MEMTXATTRS_UNSPECIFIED,
                       s->data + pa % 4096, LINE);
    s->known |= UINT64_C(1) << pa % 4096 / LINE;
}

void rcar_clean_enable(void)
{
    pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    arm_dc_clean_hook = cleaned;
}

bool rcar_clean_read(hwaddr pa, uint64_t *value)
{
    MemTxResult result;
    Seen *s;

    address_space_ldq_le(&address_space_memory, pa, MEMTXATTRS_UNSPECIFIED,
                         &result);
    if ( result != MEMTX_OK )
        return false;
    s = page_at(pa, false);
    *value = 0;
    if ( s && s->known >> pa % 4096 / LINE & 1 )
        *value = ldq_le_p(s->data + pa % 4096);
    else
        qemu_log_mask(LOG_GUEST_ERROR,
                      "walk of %#" HWADDR_PRIx ": never cleaned\n", pa);
    return true;
}
