/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said and done about faults of devices: a line that names the culprit,
 * counts, limits, and the end of a storm. Lock: device_lock, held by callers.
 */
#include "iommu-private.h"

#include <proxenos.h>

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

/* ---- what is said ---- */

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
    struct iommu_dom *dom = f->dev ? f->dev->attached : f->dom;
    struct pgt_leaf leaf;

    if ( !dom || !f->has_iova || !spin_trylock(&dom->d->p2m.lock) )
        return -1;

    pgt_lookup(&dom->pgt, f->iova, &leaf);
    spin_unlock(&dom->d->p2m.lock);
    return leaf.level;
}

static const char *id_name(const struct iommu_fault *f)
{
    return f->id_name ? f->id_name : "sid";
}

/* Can it have been this device's, when the unit does not say whose? */
static bool is_suspect(const struct iommu_fault *f, const struct device *dev)
{
    return f->dom && dev->attached == f->dom && dev->unit == f->unit &&
           !dev->cut_off;
}

/* It did what it did before it was cut off. */
static bool is_old_news(const struct iommu_fault *f)
{
    struct device *dev;

    if ( f->dev || !f->dom )
        return f->dev && f->dev->cut_off;
    list_for_each_entry (dev, &iommu_devices, all)
        if ( is_suspect(f, dev) )
            return false;
    return true;
}

/* "d2 0000:01:00.0", "d2 one of 3 devices", "no domain unknown device" */
static void print_who(const struct iommu_fault *f, char *buf, size_t size)
{
    struct device *dev = f->dev;
    unsigned int nr = 0;

    if ( dev && dev->owner )
        snprintf(buf, size, "d%u %s", dev->owner->domain_id, dev->name);
    else if ( dev || !f->dom )
        snprintf(buf, size, "no domain %s", dev ? dev->name : "unknown device");
    else
    {
        list_for_each_entry (dev, &iommu_devices, all)
            nr += is_suspect(f, dev);
        snprintf(buf, size, "d%u one of %u devices", f->dom->d->domain_id, nr);
    }
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
    char who[64], where[48] = "", level[16] = "", iova[24];
    int at = fault_level(f);

    print_who(f, who, sizeof(who));
    if ( f->has_iova )
        snprintf(where, sizeof(where), " iova %s%s", iova_text(iova, f->iova),
                 f->no_direction ? ""
                 : f->write      ? " write"
                                 : " read");
    if ( at >= 0 )
        snprintf(level, sizeof(level), ", level %d", at);

    printk(XENLOG_WARN "%s: %s %#x (%s)%s: %s%s (%s)\n", f->unit->name,
           id_name(f), f->id, who, where, reasons[f->reason], level, f->detail);
}

/* ---- what is done about them ---- */

/* Faults in 5 s after which somebody is cut off; 0: nobody ever is. */
static uint32_t threshold_of(const struct iommu_fault *f)
{
    struct device *dev = f->dev;
    uint32_t lowest = 0;

    if ( dev )
        return dev->fault_policy == PX_FAULT_LOG ? 0 : dev->fault_threshold;
    if ( !f->dom )
        return FAULT_STORM;
    list_for_each_entry (dev, &iommu_devices, all)
    {
        if ( is_suspect(f, dev) && dev->fault_policy != PX_FAULT_LOG &&
             (!lowest || dev->fault_threshold < lowest) )
            lowest = dev->fault_threshold;
    }
    return lowest;
}

static void cut_off_device(struct iommu_unit *unit, struct device *dev)
{
    if ( dev->fault_policy == PX_FAULT_LOG )
        return;
    for ( unsigned int i = 0; i < dev->nr_ids; i++ )
        unit->ops->cut_off(unit, dev->ids[i]);
    dev->cut_off = true;
}

static void cut_off(const struct iommu_fault *f, uint32_t threshold)
{
    struct device *m = f->dev;
    char who[64];

    print_who(f, who, sizeof(who));
    printk(XENLOG_ERR "%s: %s %#x (%s): %u faults within 5 s, cut off\n",
           f->unit->name, id_name(f), f->id, who, threshold);

    if ( !m && !f->dom )
    {
        f->unit->ops->cut_off(f->unit, f->id);
        return;
    }

    /* Nobody can tell which it was: all that it may have been. */
    if ( !m )
    {
        list_for_each_entry (m, &iommu_devices, all)
            if ( is_suspect(f, m) )
                cut_off_device(f->unit, m);
        return;
    }

    /* Those who share an id with it lose it, too. */
    do
    {
        cut_off_device(f->unit, m);
        m = list_entry(m->group.next, struct device, group);
    } while ( m != f->dev );
}

/* No lock is held here. The reference is the one that crash_later() took. */
static void crash_owner(void *data)
{
    struct domain *d = data;

    domain_crash(d, "faults of %s\n", d->iommu.crash_by->name);
    domain_put(d);
}

void iommu_fault_domain_init(struct domain *d)
{
    tasklet_init(&d->iommu.crash, crash_owner, d);
}

/*
 * Stopping a domain prints its state and tells dom0: not with the device lock
 * held, or in the middle of a detach. Once is enough.
 */
static void crash_later(struct device *dev)
{
    struct domain *d = dev->owner;

    if ( dev->fault_policy != PX_FAULT_CRASH || !d || d->is_hardware ||
         d->is_dying || d->iommu.crash_by )
        return;
    d->iommu.crash_by = dev;
    domain_get_known(d);
    tasklet_schedule(&d->iommu.crash);
}

void iommu_fault_policy_init(struct device *dev)
{
    dev->fault_policy = PX_FAULT_DISCONNECT;
    dev->fault_threshold = FAULT_STORM;
}

int iommu_fault_policy(struct device *dev, uint32_t policy, uint32_t threshold)
{
    struct device *m = dev;

    ASSERT(spin_is_held(&device_lock));
    if ( policy > PX_FAULT_CRASH )
        return -EINVAL;
    do
    {
        m->fault_policy = (uint8_t)policy;
        m->fault_threshold = threshold ? threshold : FAULT_STORM;
        m = list_entry(m->group.next, struct device, group);
    } while ( m != dev );
    return 0;
}

void iommu_fault_clear(struct device *dev)
{
    struct device *m = dev;

    ASSERT(spin_is_held(&device_lock));
    do
    {
        m->faults = (struct iommu_fault_log){0};
        if ( m->attached )
            m->attached->faults = (struct iommu_fault_log){0};
        m = list_entry(m->group.next, struct device, group);
    } while ( m != dev );
}

/* ---- the report ---- */

static void count(struct iommu_fault_log *log, const struct iommu_fault *f,
                  s_time_t now)
{
    if ( !log->nr++ )
    {
        log->first_iova = f->iova;
        log->first_time = now;
    }
    log->last_iova = f->iova;
    log->last_time = now;
    log->last_reason = f->reason;
}

/* What is counted, and limited, together. */
static struct iommu_fault_log *log_of(const struct iommu_fault *f)
{
    if ( f->dev )
        return &f->dev->faults;
    return f->dom ? &f->dom->faults : &f->unit->stray;
}

void iommu_report_fault(const struct iommu_fault *f)
{
    struct iommu_fault_log *log = log_of(f);
    s_time_t now = NOW();
    struct device *m;
    uint32_t threshold;
    uint64_t key;
    bool again;

    ASSERT(spin_is_held(&device_lock));
    f->unit->nr_faults++;
    count(log, f, now);
    if ( f->dev )
        crash_later(f->dev);
    else if ( f->dom )
    {
        /* Each may be asked about; the one that did it among them. */
        list_for_each_entry (m, &iommu_devices, all)
            if ( is_suspect(f, m) )
            {
                count(&m->faults, f, now);
                crash_later(m);
            }
    }

    if ( !log->storm || now - log->storm_window >= FAULT_STORM_TIME )
    {
        log->storm_window = now;
        log->storm = 0;
    }

    /* Records from before the cut still come out of the queue. */
    if ( is_old_news(f) )
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
            printk(XENLOG_WARN "%s: %s %#x: %u more faults not shown\n",
                   f->unit->name, id_name(f), f->id, log->hidden);
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

    log->storm++;
    threshold = threshold_of(f);
    if ( threshold && log->storm >= threshold )
    {
        log->storm = 0;
        cut_off(f, threshold);
    }
}
