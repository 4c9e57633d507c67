/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains and vCPUs: what they consist of, their life, and references. */
#ifndef XEN_DOMAIN_H
#define XEN_DOMAIN_H

#include <xen/addr.h>

#include <public/hvm/params.h>
#include <public/xen.h>

#include <xen/event.h>
#include <xen/grant-table.h>
#include <xen/iommu.h>
#include <xen/list.h>
#include <xen/mm.h>
#include <xen/mmio.h>
#include <xen/p2m.h>
#include <xen/paging.h>
#include <xen/sched.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>
#include <xen/timer.h>
#include <xen/vpci.h>
#include <asm/vcpu.h>
#include <asm/vgic.h>

/* A set of allowed numbers (frames, interrupts): few ranges, kept sorted. */
struct rangeset {
    unsigned int nr, max;
    struct {
        uint64_t start, end;
    } * range; /* inclusive */
};
int __must_check rangeset_add(struct rangeset *r, uint64_t start, uint64_t end);
int __must_check rangeset_remove(struct rangeset *r, uint64_t start,
                                 uint64_t end);
bool rangeset_contains(const struct rangeset *r, uint64_t start, uint64_t end);
void rangeset_free(struct rangeset *r);

struct vcpu {
    /*
     * Work to do before entering the guest, tested as one word on the exit
     * path. Atomic; any CPU may set bits and then vcpu_kick().
     */
    uint32_t work;
#define VCPU_WORK_VGIC     (1U << 0) /* pending list changed */
#define VCPU_WORK_UPCALL   (1U << 1) /* event channel upcall line changed */
#define VCPU_WORK_RUNSTATE (1U << 3) /* its runstate area is to be written */
#define VCPU_WORK_POLL     (1U << 4) /* SCHEDOP_poll has ended: do not block */
    unsigned int vcpu_id;
    struct domain *domain;
    struct vcpu_sched sched; /* common/sched.c */
    struct arch_vcpu arch;   /* registers, EL2 stack: asm/vcpu.h */
    struct vgic_cpu vgic;
    struct evtchn_vcpu evtchn;
    struct multicall_call *multicall; /* being run; its own CPU only */
    struct timer poll_timer;          /* ends SCHEDOP_poll */
};

#define HVM_PARAM_SLOTS  HVM_NR_PARAMS
#define DOMAIN_WATCHDOGS 2U

struct domain {
    domid_t domain_id;
    struct list_head list; /* domain list lock */
    uint32_t refcount;     /* atomic; the last one frees the struct */
    bool is_privileged;    /* control domain: may use the toolstack */
    bool is_hardware;      /* owns the hardware, console, wall clock */
    bool direct_mapped;    /* gfn == mfn for its RAM */
    bool is_dying;         /* domain list lock to set */
    bool is_shut_down;
    uint8_t shutdown_code; /* SHUTDOWN_* of public/sched.h */
    uint8_t handle[16];
    spinlock_t hypercall_lock; /* LOCK_RANK_HYPERCALL */

    unsigned int max_vcpus;
    struct vcpu **vcpu; /* max_vcpus; entries may be NULL */

    spinlock_t page_lock;               /* LOCK_RANK_DOMPAGE */
    struct list_head page_list;         /* page_lock */
    unsigned long tot_pages, max_pages; /* page_lock */
    unsigned long held_pages;           /* dying: seen in a row; page_lock */

    struct paging_pool paging; /* page_lock */
    struct p2m p2m;
    struct domain_iommu iommu;
    struct domain_evtchn evtchn;
    struct grant_table grant;
    struct vgic_dist vgic;
    struct domain_mmio mmio;
    struct domain_vpci vpci;
    struct rangeset iomem_caps; /* frames it may map */
    struct rangeset irq_caps;   /* interrupts it may be given */

    struct shared_info *shared_info;
    struct page_info *shared_info_page; /* dom_xen's */
    gfn_t shared_info_gfn;       /* where the guest has it; hypercall_lock */
    bool runstate_update_flag;   /* VMASST_TYPE_runstate_update_flag */
    uint32_t kill_step;          /* domain_kill() goes on here */
    uint32_t pages_hold_ref;     /* atomic: dropped with the last page */
    struct tasklet free_tasklet; /* frees it, with no lock held */
    struct timer watchdog[DOMAIN_WATCHDOGS];
    uint64_t hvm_params[HVM_NR_PARAMS];
    uint64_t vtimer_offset;   /* CNTVOFF_EL2 */
    unsigned int evtchn_irq;  /* PPI of the upcall */
    unsigned int pause_count; /* controller pauses, LOCK_RANK_SCHED safe */
    uint16_t sched_weight, sched_cap; /* as last set; hypercall_lock */
};

extern struct domain *hardware_domain; /* dom0 */
/* Owner of the frames we share with guests: it has nothing else. */
extern struct domain *const dom_xen;
extern struct list_head domain_list;
extern spinlock_t domlist_lock;

struct domain_config {
    unsigned int max_vcpus;
    unsigned int gic_version; /* 2, 3, or 0: as the host */
    unsigned int nr_spis;
    unsigned int max_evtchn_port;                       /* 0: no limit */
    unsigned int max_grant_frames, max_maptrack_frames; /* 0: default */
    unsigned int evtchn_irq;                            /* PPI of the upcall */
    uint64_t vtimer_offset; /* its counter starts here */
    bool iommu;             /* tables from the start (P1) */
    bool direct_map;
    bool privileged, hardware;
};

/*
 * domain_create - an empty, paused domain with IOMMU tables, P2M, virtual
 * GIC, event channels and grant table; no memory, no vCPU. On error
 * nothing is left. @id: DOMID_INVALID picks the next free one.
 */
int __must_check domain_create(domid_t id, const struct domain_config *cfg,
                               struct domain **out);
/* vcpu_create - offline, to be started by domain building or CPU_ON. */
int __must_check vcpu_create(struct domain *d, unsigned int vcpu_id);

/* domain_kill - pause it for good and take everything from it, a slice per
 * call: -ERESTART until done. -EINVAL: dom0. */
int __must_check domain_kill(struct domain *d);

/* domain_get - by id, with a reference, or NULL. */
struct domain *domain_get(domid_t id);
/* domain_get_any - the same, and DOMID_SELF is the caller's. */
struct domain *domain_get_any(domid_t id);
/* domain_get_from - the one with the lowest id from @id on, or NULL. */
struct domain *domain_get_from(domid_t id);
void domain_put(struct domain *d);
/* domain_get_known - one more, for who has one. */
static inline struct domain *domain_get_known(struct domain *d)
{
    __atomic_fetch_add(&d->refcount, 1, __ATOMIC_RELAXED);
    return d;
}

#define for_each_vcpu(d, v)                                                    \
    for ( unsigned int i_##v = 0; i_##v < (d)->max_vcpus; i_##v++ )            \
        if ( ((v) = (d)->vcpu[i_##v]) != NULL )

/* domain_last_page_gone - a dying domain's last frame was freed. */
void domain_last_page_gone(struct domain *d);

/* domain_crash - stop a misbehaving domain, with a dump of @v's state. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);
/* domain_shutdown - all vCPUs stop; dom0's halts or resets the machine. */
void domain_shutdown(struct domain *d, unsigned int reason);
void domain_pause_nosync(struct domain *d);
/* domain_wait_stopped - until none of a paused domain's vCPUs is on a CPU. One
 * may wait for a lock in a hypercall: hold none. */
void domain_wait_stopped(struct domain *d);
void domain_unpause(struct domain *d);

/* domain_set_wallclock - the host's time at boot; for every domain. */
void domain_set_wallclock(int64_t boot_ns);
/* domain_update_wallclock - write it to the shared page. */
void domain_update_wallclock(struct domain *d);
/* domain_time_offset - ns from our NOW() 0 to its counter's 0. */
s_time_t domain_time_offset(const struct domain *d);
/* vcpu_update_runstate - write the guest's runstate area; v is current. */
void vcpu_update_runstate(struct vcpu *v);

/* arch: stop or reset the machine. */
void __noreturn machine_halt(void);
void __noreturn machine_restart(void);

/* domain_build_dom0 - from the modules and the host's tree; starts paused. */
struct domain *domain_build_dom0(void);

#endif /* XEN_DOMAIN_H */
