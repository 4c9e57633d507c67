/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stream table entries and context descriptors of an SMMUv3 as values, and
 * the one function that writes an entry the unit may be fetching. A CD needs
 * no such care: it is complete before an entry points to it, and constant
 * until none does.
 *
 * Spec: IHI 0070 issue F.a, 5.2 "Stream Table Entry", 5.4 "Context
 * Descriptor", 3.21.3 "Configuration structures and configuration
 * invalidation completion".
 */
#include "smmuv3.h"

#include <xen/errno.h>

struct smmu_ste smmu_ste_make_invalid(void)
{
    return (struct smmu_ste){{0}};
}

struct smmu_ste smmu_ste_make_abort(void)
{
    return (struct smmu_ste){
        {STE0_V | FIELD_PREP(STE0_CONFIG, STE0_CONFIG_ABORT)}};
}

struct smmu_ste smmu_ste_make_s1(const struct smmuv3_features *feat, maddr_t cd)
{
    uint64_t cache = feat->coherent ? SMMU_CACHE_WB : 0;
    uint64_t share = feat->coherent ? SMMU_SH_INNER : SMMU_SH_OUTER;

    return (struct smmu_ste){{
        STE0_V | FIELD_PREP(STE0_CONFIG, STE0_CONFIG_S1) |
            (maddr_x(cd) & STE0_S1CONTEXTPTR),
        FIELD_PREP(STE1_S1CIR, cache) | FIELD_PREP(STE1_S1COR, cache) |
            FIELD_PREP(STE1_S1CSH, share) | STE1_MEV |
            (feat->stall_choice ? STE1_S1STALLD : 0) |
            FIELD_PREP(STE1_SHCFG, STE1_SHCFG_INCOMING),
        FIELD_PREP(STE2_S2VMID, SMMU_VMID),
    }};
}

struct smmu_cd smmu_cd_make(const struct smmuv3_features *feat, maddr_t ttb,
                            unsigned int ia_bits, uint16_t asid)
{
    uint64_t cache = feat->coherent ? SMMU_CACHE_WB : 0;
    uint64_t share = feat->coherent ? SMMU_SH_INNER : SMMU_SH_OUTER;

    return (struct smmu_cd){{
        [0] = FIELD_PREP(CD0_T0SZ, 64 - ia_bits) | FIELD_PREP(CD0_TG0, 0) |
              FIELD_PREP(CD0_IR0, cache) | FIELD_PREP(CD0_OR0, cache) |
              FIELD_PREP(CD0_SH0, share) | CD0_EPD1 | CD0_V |
              FIELD_PREP(CD0_IPS, feat->ips) | CD0_AA64 | CD0_R | CD0_A |
              CD0_ASET | FIELD_PREP(CD0_ASID, asid),
        [1] = maddr_x(ttb) & CD1_TTB0,
        [3] = PGT_MAIR,
    }};
}

static int invalidate(struct smmuv3_device *smmu, uint32_t sid)
{
    /* Drops the CDs reached through the entry as well (4.3.1). */
    return smmu_cmdq_do(smmu, smmu_cmd_cfgi_ste(sid, true));
}

int smmu_ste_write(struct smmuv3_device *smmu, uint32_t sid, uint64_t *ste,
                   const struct smmu_ste *target)
{
    unsigned int nr_changed = 0, last = 0;
    int rc;

    for ( unsigned int i = 0; i < STE_WORDS; i++ )
    {
        if ( ste[i] == target->word[i] )
            continue;
        nr_changed++;
        last = i;
    }

    if ( nr_changed > 1 )
    {
        /* A unit may mix old and new words: it must not believe any. */
        if ( ste[0] & STE0_V )
        {
            WRITE_ONCE(ste[0], 0);
            smmu_publish(smmu, ste, sizeof(*target));
            rc = invalidate(smmu, sid);
            if ( rc )
                return rc;
        }

        for ( unsigned int i = 1; i < STE_WORDS; i++ )
            WRITE_ONCE(ste[i], target->word[i]);
        smmu_publish(smmu, ste, sizeof(*target));
        last = 0;
    }

    /* One word, stored at once: the unit sees it before or after. */
    WRITE_ONCE(ste[last], target->word[last]);
    smmu_publish(smmu, ste, sizeof(*target));

    return invalidate(smmu, sid);
}
