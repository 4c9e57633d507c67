/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage-2 descriptor format of the P2M. Pure functions, no state.
 *
 *   bit      field       value
 *   1:0      type        3 page, 1 block
 *   5:2      MemAttr     15 write-back, 5 non-cacheable, 1 nGnRE, 0 nGnRnE
 *   6        S2AP[0]     1: read
 *   7        S2AP[1]     1: write
 *   9:8      SH          3 inner
 *   10       AF          1
 *   52       Contiguous  hint
 *   54:53    XN          2: no execute at EL1 and EL0, with FEAT_XNX and
 *                        without; 0: execute
 *   58:55    software    pgt_attr.sw
 *
 * A leaf without any right is valid and possible: stage 2 can say so.
 *
 * Spec: DDI 0487 J.a, D8.3.1 "VMSAv8-64 descriptor formats", D8.4.2 "Stage 2
 * data accesses using Direct permissions", D8.5.5 "Stage 2 memory type and
 * Cacheability attributes when FEAT_S2FWB is disabled".
 */
#include <xen/pgtable.h>

#include <xen/bits.h>

#define S2_PAGE     UINT64_C(3)
#define S2_BLOCK    UINT64_C(1)
#define S2_MEMATTR  GENMASK64(5, 2)
#define S2_READ     BIT64(6)
#define S2_WRITE    BIT64(7)
#define S2_SH_INNER FIELD_PREP(GENMASK64(9, 8), 3)
#define S2_AF       BIT64(10)
#define S2_XN       GENMASK64(54, 53)
#define S2_XN_ALL   FIELD_PREP(S2_XN, 2)
#define S2_SW       GENMASK64(58, 55)

_Static_assert(S2_XN_ALL == UINT64_C(1) << 54, "XN[1] alone");

static const uint8_t mem_attr[] = {
    [PGT_MEM_WB] = 15,
    [PGT_MEM_NC] = 5,
    [PGT_MEM_DEV_NGNRE] = 1,
    [PGT_MEM_DEV_NGNRNE] = 0,
};

static uint64_t s2_encode(struct pgt_attr attr, unsigned int level)
{
    uint64_t desc = level == PGT_LEVELS - 1 ? S2_PAGE : S2_BLOCK;

    desc |= S2_SH_INNER | S2_AF | FIELD_PREP(S2_MEMATTR, mem_attr[attr.mem]) |
            FIELD_PREP(S2_SW, attr.sw);
    if ( attr.read )
        desc |= S2_READ;
    if ( attr.write )
        desc |= S2_WRITE;
    if ( !attr.exec )
        desc |= S2_XN_ALL;

    return desc;
}

static const uint8_t attr_mem[16] = {
    [15] = PGT_MEM_WB,
    [5] = PGT_MEM_NC,
    [1] = PGT_MEM_DEV_NGNRE,
    [0] = PGT_MEM_DEV_NGNRNE,
};

static struct pgt_attr s2_decode(uint64_t desc, unsigned int level)
{
    (void)level;

    return (struct pgt_attr){
        .read = desc & S2_READ,
        .write = desc & S2_WRITE,
        .exec = !(desc & S2_XN),
        .sw = (uint8_t)FIELD_GET(S2_SW, desc),
        .mem = attr_mem[FIELD_GET(S2_MEMATTR, desc)],
    };
}

const struct pgt_fmt pgt_fmt_p2m_s2 = {
    .name = "p2m-s2",
    .table_bits = 3,
    .live_bits = S2_READ | S2_WRITE | S2_XN | S2_SW,
    .block_levels = 1U << 1 | 1U << 2 | 1U << 3,
    .contig_levels = 1U << 2 | 1U << 3,
    .max_ia_bits = 48,
    .max_oa_bits = 48,
    .concat_root = true,
    .walker_retries = true,
    .encode = s2_encode,
    .decode = s2_decode,
};
