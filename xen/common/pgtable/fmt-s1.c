/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage-1 descriptor formats: EL2, SMMUv3, IPMMU. Pure functions, no state.
 *
 *   bit      field       el2-s1        smmu-s1             ipmmu-s1
 *   1:0      type        3 page, 1 block (all)
 *   4:2      AttrIndx    into PGT_MAIR (all)
 *   5        NS          0             0                   1
 *   6        AP[1]       1 (RES1)      1: unprivileged     1: unprivileged
 *   7        AP[2]       1: read-only (all)
 *   9:8      SH          3 inner (all; NC and Device count as outer anyway)
 *   10       AF          1 (all: there is no access-flag fault handling)
 *   11       nG          0             1: by ASID          1
 *   52       Contiguous  hint          hint                never
 *   53       PXN         0 (RES0)      1: no execute       0
 *   54       XN / UXN    1: no execute 1: no execute       0
 *   63       NSTable     0             0                   1 (tables)
 *
 * Spec: DDI 0487 J.a, D8.3.1 "VMSAv8-64 descriptor formats", D8.4.1 "Data
 * access permission controls", D8.5 "Memory region attributes"; IHI 0070 F.a,
 * 3.4 "Address sizes". IPMMU: the unit checks NS and NSTable although it works
 * in non-secure mode, and takes no inheritance from the parent table.
 */
#include <xen/pgtable.h>

#include <xen/bits.h>

#define S1_PAGE     UINT64_C(3)
#define S1_BLOCK    UINT64_C(1)
#define S1_ATTRINDX GENMASK64(4, 2)
#define S1_NS       BIT64(5)
#define S1_AP1      BIT64(6)
#define S1_RO       BIT64(7)
#define S1_SH_INNER FIELD_PREP(GENMASK64(9, 8), 3)
#define S1_AF       BIT64(10)
#define S1_NG       BIT64(11)
#define S1_PXN      BIT64(53)
#define S1_XN       BIT64(54)
#define S1_NSTABLE  BIT64(63)

#define S1_ALWAYS (S1_AP1 | S1_SH_INNER | S1_AF)

_Static_assert(S1_ALWAYS == 0x740, "AP[1], SH and AF as in the table above");

/* Indices into PGT_MAIR. */
static const uint8_t attr_index[] = {
    [PGT_MEM_WB] = 1,
    [PGT_MEM_NC] = 0,
    [PGT_MEM_DEV_NGNRE] = 2,
    [PGT_MEM_DEV_NGNRNE] = 3,
};

static const enum pgt_memtype attr_mem[] = {
    PGT_MEM_NC,
    PGT_MEM_WB,
    PGT_MEM_DEV_NGNRE,
    PGT_MEM_DEV_NGNRNE,
};

_Static_assert((PGT_MAIR >> 8 & 0xff) == 0xff, "index 1: write-back");
_Static_assert((PGT_MAIR & 0xff) == 0x44, "index 0: non-cacheable");
_Static_assert((PGT_MAIR >> 16 & 0xff) == 0x04, "index 2: nGnRE");
_Static_assert((PGT_MAIR >> 24 & 0xff) == 0x00, "index 3: nGnRnE");

/* What the three have in common. 0: stage 1 has no leaf without read. */
static uint64_t encode(struct pgt_attr attr, unsigned int level,
                       uint64_t always, uint64_t no_exec)
{
    uint64_t desc = level == PGT_LEVELS - 1 ? S1_PAGE : S1_BLOCK;

    if ( !attr.read )
        return 0;

    desc |= always | FIELD_PREP(S1_ATTRINDX, attr_index[attr.mem]);
    if ( !attr.write )
        desc |= S1_RO;
    if ( !attr.exec )
        desc |= no_exec;

    return desc;
}

static struct pgt_attr decode(uint64_t desc, unsigned int level)
{
    (void)level;

    return (struct pgt_attr){
        .read = true,
        .write = !(desc & S1_RO),
        .exec = !(desc & S1_XN),
        .mem = attr_mem[FIELD_GET(S1_ATTRINDX, desc) & 3],
    };
}

static uint64_t el2_encode(struct pgt_attr attr, unsigned int level)
{
    return encode(attr, level, S1_ALWAYS, S1_XN);
}

static uint64_t smmu_encode(struct pgt_attr attr, unsigned int level)
{
    return encode(attr, level, S1_ALWAYS | S1_NG, S1_XN | S1_PXN);
}

static uint64_t ipmmu_encode(struct pgt_attr attr, unsigned int level)
{
    return encode(attr, level, S1_ALWAYS | S1_NG | S1_NS, 0);
}

#define LEVELS_1_TO_3 (1U << 1 | 1U << 2 | 1U << 3)
#define LEVELS_2_TO_3 (1U << 2 | 1U << 3)

const struct pgt_fmt pgt_fmt_el2_s1 = {
    .name = "el2-s1",
    .table_bits = 3,
    .live_bits = S1_RO | S1_XN,
    .block_levels = LEVELS_1_TO_3,
    .contig_levels = LEVELS_2_TO_3,
    .max_ia_bits = 48,
    .max_oa_bits = 48,
    .walker_retries = true,
    .encode = el2_encode,
    .decode = decode,
};

const struct pgt_fmt pgt_fmt_smmu_s1 = {
    .name = "smmu-s1",
    .table_bits = 3,
    .live_bits = S1_RO | S1_XN | S1_PXN,
    .block_levels = LEVELS_1_TO_3,
    .contig_levels = LEVELS_2_TO_3,
    .max_ia_bits = 48,
    .max_oa_bits = 48,
    .encode = smmu_encode,
    .decode = decode,
};

/*
 * For units with SMMU_IDR3.BBML == 2, which neither fault nor mix on a change
 * of block size or of the contiguous bit. BBML 1 would need the nT bit set and
 * invalidated first; such units use the format above.
 */
const struct pgt_fmt pgt_fmt_smmu_s1_bbml2 = {
    .name = "smmu-s1-bbml2",
    .table_bits = 3,
    .live_bits = S1_RO | S1_XN | S1_PXN,
    .block_levels = LEVELS_1_TO_3,
    .contig_levels = LEVELS_2_TO_3,
    .max_ia_bits = 48,
    .max_oa_bits = 48,
    .live_split = true,
    .encode = smmu_encode,
    .decode = decode,
};

/* No level-0 start is encoded by the unit: 39 bits in. 40 bits out. */
const struct pgt_fmt pgt_fmt_ipmmu_s1 = {
    .name = "ipmmu-s1",
    .table_bits = S1_NSTABLE | 3,
    .live_bits = S1_RO,
    .block_levels = LEVELS_1_TO_3,
    .max_ia_bits = 39,
    .max_oa_bits = 40,
    .encode = ipmmu_encode,
    .decode = decode,
};
