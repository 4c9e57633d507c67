/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said and done about faults of devices: a line that names the culprit,
 * counts, limits, and the end of a storm. Lock: device_lock, held by callers.
 */
#include "iommu-private.h"

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/time.h>

/*
 * Faults of one device: so many lines in a window, then a count; a window that
 * was used up makes the next one twice as long. So many in 5 s is a storm.
 * One bad buffer of 32 KiB is 8192 faults on a unit that reports every word;
 * the next one is not an accident any more.
 */
#define FAULT_LINES      20U
#define FAULT_LINES_TIME SECONDS(5)
#define FAULT_STORM      10000U
#define FAULT_STORM_TIME SECONDS(5)
#define FAULT_BACKOFF    9U /* windows of lines grow to 43 minutes */

/* 0x8_1234_5000: groups of four, as people compare them. */
static const char *iova_text(char buf[24], uint64_t iova)
{
    unsigned int digits = iova ? (fls64(iova) + 3) / 4 : 1;
    char *p = buf;

    *p++ = '0';
    *p++ = 'x';
    while ( digits-- )
    {
        *p++ = "0123456789abcdef"[(iova >> (4 * digits)) & 0xf];
        if ( digits && !(digits % 4) )
            *p++ = '_';
    }
    *p = '\0';
    return buf;
}

/* Where the domain's walk of the address ends: the record does not say. */
static int fault_level(const struct iommu_fault *f)
{
    struct iommu_dom *dom = f->dev ? f->dev->attached : NULL;
    struct pgt_leaf leaf;

    if ( !dom || !f->has_iova || !spin_trylock(&dom->d->p2m.lock) )
        return -1;

    pgt_lookup(&dom->pgt, f->iova, &leaf);
    spin_unlock(&dom->d->p2m.lock);
    return leaf.level;
}

static void print_fault(const struct iommu_fault *f)
{
    static const char *const reasons[] = {
        [IOMMU_FAULT_TRANSLATION] = "translation",
        [IOMMU_FAULT_PERMISSION] = "permission",
        [IOMMU_FAULT_ACCESS_FLAG] = "access flag",
        [IOMMU_FAULT_ADDR_SIZE] = "address size",
        [IOMMU_FAULT_WALK_ABORT] = "table walk aborted",
        [IOMMU_FAULT_BAD_STREAM] = "not assigned",
        [IOMMU_FAULT_BAD_CONFIG] = "bad configuration",
        [IOMMU_FAULT_OTHER] = "other",
    };
    const struct device *dev = f->dev;
    char who[16] = "no domain", where[48] = "", level[16] = "", iova[24];
    int at = fault_level(f);

    if ( dev && dev->owner )
        snprintf(who, sizeof(who), "d%u", dev->owner->domain_id);
    if ( f->has_iova )
        snprintf(where, sizeof(where), " iova %s %s", iova_text(iova, f->iova),
                 f->write ? "write" : "read");
    if ( at >= 0 )
        snprintf(level, sizeof(level), ", level %d", at);

    printk(XENLOG_WARN "%s: sid %#x (%s %s)%s: %s%s (%s)\n", f->unit->name,
           f->id, who, dev ? dev->name : "unknown device", where,
           reasons[f->reason], level, f->detail);
}

static void cut_off(const struct iommu_fault *f)
{
    struct device *m = f->dev;

    printk(XENLOG_ERR "%s: sid %#x (%s): %u faults within 5 s, cut off\n",
           f->unit->name, f->id, m ? m->name : "unknown device", FAULT_STORM);

    if ( !m )
    {
        f->unit->ops->cut_off(f->unit, f->id);
        return;
    }

    /* Those who share an id with it lose it, too. */
    do
    {
        for ( unsigned int i = 0; i < m->nr_ids; i++ )
            f->unit->ops->cut_off(f->unit, m->ids[i]);
        m->cut_off = true;
        m = list_entry(m->group.next, struct device, group);
    } while ( m != f->dev );
}

void iommu_report_fault(const struct iommu_fault *f)
{
    struct iommu_fault_log *log = f->dev ? &f->dev->faults : &f->unit->stray;
    s_time_t now = NOW();
    uint64_t key;
    bool again;

    ASSERT(spin_is_held(&device_lock));
    f->unit->nr_faults++;
    if ( !log->nr++ )
    {
        log->first_iova = f->iova;
        log->first_time = now;
    }
    log->last_iova = f->iova;
    log->last_time = now;
    log->last_reason = f->reason;

    if ( !log->storm || now - log->storm_window >= FAULT_STORM_TIME )
    {
        log->storm_window = now;
        log->storm = 0;
    }

    /* Records from before the cut still come out of the queue. */
    if ( f->dev && f->dev->cut_off )
    {
        log->nr_hidden++;
        return;
    }

    if ( !log->lines || now - log->line_window >= FAULT_LINES_TIME
                                                      << log->backoff )
    {
        log->backoff =
            log->lines < FAULT_LINES ? 0 : min(log->backoff + 1, FAULT_BACKOFF);
        if ( log->hidden )
            printk(XENLOG_WARN "%s: sid %#x: %u more faults not shown\n",
                   f->unit->name, f->id, log->hidden);
        log->line_window = now;
        log->lines = log->hidden = 0;
    }

    /* A burst within one page says nothing new. */
    key = (f->iova & PAGE_MASK) | (uint64_t)f->reason << 1 | f->write;
    again = log->lines && key == log->line_key && f->id == log->line_id;

    if ( log->lines < FAULT_LINES && !again )
    {
        log->lines++;
        log->line_key = key;
        log->line_id = f->id;
        print_fault(f);
    }
    else
    {
        log->hidden++;
        log->nr_hidden++;
    }

    if ( ++log->storm == FAULT_STORM )
    {
        log->storm = 0;
        cut_off(f);
    }
}
