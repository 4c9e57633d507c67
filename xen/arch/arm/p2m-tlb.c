/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 2 in the CPU: VTCR_EL2, VMIDs, and TLB invalidation by guest address.
 * Spec: DDI 0487 J.a, D8.13 "TLB maintenance"; D19.2.160 "VTCR_EL2".
 */
#include <asm/p2m-tlb.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/domain.h>
#include <asm/sysreg.h>
#include <asm/tlbi.h>

#define VTCR_RES1  BIT64(31)
#define VTCR_VS    BIT64(19)
#define VTCR_PS    GENMASK64(18, 16)
#define VTCR_SH0   GENMASK64(13, 12)
#define VTCR_ORGN0 GENMASK64(11, 10)
#define VTCR_IRGN0 GENMASK64(9, 8)
#define VTCR_SL0   GENMASK64(7, 6)
#define VTCR_T0SZ  GENMASK64(5, 0)

#define MAX_VMIDS 1024U
/* Above this many leaves one instruction for the whole VMID is cheaper. */
#define MAX_TLBI 64U

unsigned int p2m_ipa_bits;
static uint64_t vtcr;
static uint64_t vmid_used[MAX_VMIDS / 64] = {1}; /* 0: no guest */
static unsigned int nr_vmids = 256;
static DEFINE_SPINLOCK(vmid_lock, LOCK_RANK_HEAP);

/* ID_AA64MMFR0_EL1.PARange; DDI 0487 D19.2.64. */
static const uint8_t pa_bits[] = {32, 36, 40, 42, 44, 48};

void p2m_init_system(void)
{
    uint64_t mmfr0 = sysreg_read(id_aa64mmfr0_el1) & 0xf;
    uint64_t ps = min(mmfr0, (uint64_t)ARRAY_SIZE(pa_bits) - 1);
    struct pgt_geometry geo;

    p2m_ipa_bits = pa_bits[ps];
    if ( pgt_geometry(&pgt_fmt_p2m_s2, p2m_ipa_bits, &geo) )
        panic("p2m: %u-bit guest addresses are not possible\n", p2m_ipa_bits);
    vtcr = VTCR_RES1 | FIELD_PREP(VTCR_PS, ps) | FIELD_PREP(VTCR_SH0, 3ULL) |
           FIELD_PREP(VTCR_ORGN0, 1ULL) | FIELD_PREP(VTCR_IRGN0, 1ULL) |
           FIELD_PREP(VTCR_SL0, 2ULL - geo.start_level) |
           FIELD_PREP(VTCR_T0SZ, (uint64_t)geo.t0sz);
    if ( (sysreg_read(id_aa64mmfr1_el1) >> 4 & 0xf) == 2 )
    {
        vtcr |= VTCR_VS;
        nr_vmids = MAX_VMIDS;
    }
}

void p2m_init_cpu(void)
{
    sysreg_write(vtcr_el2, vtcr);
    sysreg_write(vttbr_el2, 0);
    isb();
    tlbi(alle1);
    dsb(nsh);
    isb();
}

int p2m_vmid_alloc(void)
{
    int vmid = -ENOSPC;

    spin_lock(&vmid_lock);
    for ( unsigned int i = 0; i < nr_vmids && vmid < 0; i++ )
        if ( !(vmid_used[i / 64] & BIT64(i % 64)) )
        {
            vmid_used[i / 64] |= BIT64(i % 64);
            vmid = (int)i;
        }
    spin_unlock(&vmid_lock);
    return vmid;
}

void p2m_vmid_free(unsigned int vmid)
{
    spin_lock(&vmid_lock);
    vmid_used[vmid / 64] &= ~BIT64(vmid % 64);
    spin_unlock(&vmid_lock);
}

/* TLBI of stage 2 acts on the VMID in VTTBR_EL2. */
static uint64_t enter_vmid(const struct p2m *p2m)
{
    uint64_t saved = sysreg_read(vttbr_el2);

    if ( saved != p2m->vttbr )
    {
        sysreg_write(vttbr_el2, p2m->vttbr);
        isb();
    }
    return saved;
}

static void leave_vmid(const struct p2m *p2m, uint64_t saved)
{
    if ( saved != p2m->vttbr )
    {
        sysreg_write(vttbr_el2, saved);
        isb();
    }
}

void p2m_tlb_flush_all(const struct p2m *p2m)
{
    uint64_t saved = enter_vmid(p2m);

    dsb(ishst); /* the changed descriptors, before other CPUs walk again */
    tlbi(vmalls12e1is);
    dsb(ish);
    isb();
    leave_vmid(p2m, saved);
}

void p2m_tlb_flush(const struct p2m *p2m, uint64_t ipa, uint64_t size,
                   unsigned int level)
{
    uint64_t step, saved, end = ipa + size;

    /* Where tables went the range is 2 MiB or more: all of the VMID, too. */
    if ( level == PGT_LEVEL_ANY || size / pgt_level_size(level) > MAX_TLBI )
    {
        p2m_tlb_flush_all(p2m);
        return;
    }
    step = pgt_level_size(level);
    saved = enter_vmid(p2m);
    dsb(ishst); /* the changed descriptors, before other CPUs walk again */
    for ( ; ipa < end; ipa += step )
        tlbi_arg(ipas2le1is, ipa >> PAGE_SHIFT);
    /* Entries that combine both stages are not tagged by IPA. */
    dsb(ish);
    tlbi(vmalle1is);
    dsb(ish);
    isb();
    leave_vmid(p2m, saved);
}

void p2m_context_switch(struct vcpu *to)
{
    sysreg_write(vttbr_el2, to->domain->p2m.vttbr);
}
