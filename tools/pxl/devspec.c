/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devspec.c - disk and vif strings; see devspec.h. */
#include "devspec.h"
#include "pxl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool has_prefix(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

/* A decimal number that ends at @end. */
static bool parse_number(const char *s, const char *end, uint64_t max,
                         uint64_t *n)
{
    *n = 0;
    if ( s == end )
        return false;
    for ( ; s < end; s++ )
    {
        if ( !isdigit((unsigned char)*s) )
            return false;
        *n = *n * 10 + (uint64_t)(*s - '0');
        if ( *n > max )
            return false;
    }
    return true;
}

/* ---- virtual devices, by vbd-interface(7) ---- */

#define XVD_MAJOR  202U
#define SD_MAJOR   8U
#define IDE0_MAJOR 3U
#define IDE1_MAJOR 22U
#define EXTENDED   (1U << 28)
#define MAX_DISK   ((1U << 20) - 1)
#define MAX_PART   255U
#define LETTERS    26U

static int64_t xvd_number(uint64_t disk, uint64_t part)
{
    if ( disk < 16 && part < 16 )
        return XVD_MAJOR << 8 | (int64_t)(disk << 4 | part);
    return EXTENDED | (int64_t)(disk << 8 | part);
}

/* @disk of one of the three families, by its first letter. */
static int64_t family_number(char family, uint64_t disk, uint64_t part)
{
    if ( family == 's' )
        return disk < 16 && part < 16
                   ? SD_MAJOR << 8 | (int64_t)(disk << 4 | part)
                   : -1;
    if ( family == 'h' )
        return disk < 4 && part < 64
                   ? (disk < 2 ? IDE0_MAJOR : IDE1_MAJOR) << 8 |
                         (int64_t)((disk & 1) << 6 | part)
                   : -1;
    return xvd_number(disk, part);
}

/* "d2p1" */
static int64_t numbered(const char *s)
{
    const char *p = strchr(s, 'p');
    const char *end = s + strlen(s);
    uint64_t disk, part = 0;

    if ( !parse_number(s, p ? p : end, MAX_DISK, &disk) ||
         (p && !parse_number(p + 1, end, MAX_PART, &part)) )
        return -1;
    return xvd_number(disk, part);
}

int64_t vdev_parse(const char *vdev)
{
    uint64_t disk = 0, part = 0;
    const char *s;

    if ( has_prefix(vdev, "xvd") )
        s = vdev + 3;
    else if ( has_prefix(vdev, "sd") || has_prefix(vdev, "hd") )
        s = vdev + 2;
    else if ( vdev[0] == 'd' && isdigit((unsigned char)vdev[1]) )
        return numbered(vdev + 1);
    else
        return -1;

    if ( !islower((unsigned char)*s) )
        return -1;
    /* a..z, aa..zz: bijective, so that xvdaa follows xvdz */
    for ( ; islower((unsigned char)*s); s++ )
    {
        disk = disk * LETTERS + (uint64_t)(*s - 'a') + 1;
        if ( disk > MAX_DISK )
            return -1;
    }
    /* a partition is 1 to 255, written without zeroes in front */
    if ( *s && (*s == '0' || !parse_number(s, s + strlen(s), MAX_PART, &part)) )
        return -1;
    return family_number(vdev[0], disk - 1, part);
}

/* ---- disks ---- */

void disk_free(struct disk_spec *spec)
{
    free(spec->text);
    free(spec->target);
    free(spec->vdev);
    memset(spec, 0, sizeof(*spec));
}

static char *set_access(struct disk_spec *d, const char *v)
{
    if ( !strcmp(v, "r") || !strcmp(v, "ro") || !strcmp(v, "readonly") )
        d->readonly = true;
    else if ( !strcmp(v, "w") || !strcmp(v, "rw") || !strcmp(v, "readwrite") )
        d->readonly = false;
    else if ( !strcmp(v, "w!") )
        d->shared = true;
    else
        return xasprintf("access \"%s\" is not known: r or w", v);
    return NULL;
}

static bool is_format(const char *v)
{
    return !*v || !strcmp(v, "raw") || !strcmp(v, "qcow") ||
           !strcmp(v, "qcow2") || !strcmp(v, "vhd") || !strcmp(v, "qed");
}

static char *check_format(const char *v)
{
    if ( !*v || !strcmp(v, "raw") )
        return NULL;
    if ( is_format(v) )
        return xasprintf("format %s needs a backend in QEMU; convert the image "
                         "with 'qemu-img convert -O raw'",
                         v);
    return xasprintf("format \"%s\" is not known: raw", v);
}

static char *set_vdev(struct disk_spec *d, const char *v)
{
    char *colon;

    free(d->vdev);
    d->vdev = xstrdup(v);
    colon = strchr(d->vdev, ':');
    if ( colon )
    {
        if ( !strcmp(colon, ":cdrom") )
            d->cdrom = true;
        else if ( strcmp(colon, ":disk") != 0 )
            return xasprintf("device type \"%s\" is not known", colon + 1);
        *colon = '\0';
    }
    return NULL;
}

static char *set_backend(const char *key, const char *v)
{
    if ( !strcmp(key, "backend") && strcmp(v, "0") != 0 &&
         strcmp(v, "Domain-0") != 0 )
        return xasprintf("backend %s: disks are served by dom0 only", v);
    if ( !strcmp(key, "backendtype") && strcmp(v, "phy") != 0 )
        return xasprintf("backendtype %s is not supported: phy", v);
    if ( !strcmp(key, "script") )
        return xasprintf("script=%s: no scripts are run; attach the block "
                         "device in dom0 first",
                         v);
    return NULL;
}

/* KEY=VALUE */
static char *disk_key(struct disk_spec *d, const char *key, const char *v)
{
    if ( !strcmp(key, "format") )
        return check_format(v);
    if ( !strcmp(key, "vdev") )
        return set_vdev(d, v);
    if ( !strcmp(key, "access") )
        return set_access(d, v);
    if ( !strcmp(key, "devtype") )
    {
        d->cdrom = !strcmp(v, "cdrom");
        return d->cdrom || !strcmp(v, "disk")
                   ? NULL
                   : xasprintf("devtype \"%s\" is not known", v);
    }
    if ( !strcmp(key, "backend") || !strcmp(key, "backendtype") ||
         !strcmp(key, "script") )
        return set_backend(key, v);
    return xasprintf("\"%s\" is no key of a disk", key);
}

/* A word without "=": true when it was one. */
static bool disk_flag(struct disk_spec *d, const char *word)
{
    if ( !strcmp(word, "cdrom") || !strcmp(word, "devtype=cdrom") )
        d->cdrom = true;
    else if ( !strcmp(word, "readonly") )
        d->readonly = true;
    else if ( !strcmp(word, "readwrite") || !strcmp(word, "discard") )
        ;
    else if ( !strcmp(word, "no-discard") )
        d->no_discard = true;
    else if ( !strcmp(word, "direct-io-safe") )
        d->direct_io_safe = true;
    else
        return false;
    return true;
}

/* Positions: target, format (may be left out before a vdev), vdev, access. */
enum {
    AT_TARGET,
    AT_FORMAT,
    AT_VDEV,
    AT_ACCESS,
    AT_END
};

/* "phy:" and its like, which no longer mean anything; returns what follows. */
static const char *strip_prefix(const char *s)
{
    static const char *const prefixes[] = {
        "phy:", "file:", "raw:", "tap:", "tap2:", "aio:"};
    bool again = true;

    while ( again )
    {
        again = false;
        for ( size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++ )
            if ( has_prefix(s, prefixes[i]) )
            {
                s += strlen(prefixes[i]);
                again = true;
            }
    }
    return s;
}

static char *disk_positional(struct disk_spec *d, const char *word,
                             unsigned int *at)
{
    if ( *at != AT_TARGET && disk_flag(d, word) )
        return NULL;
    if ( *at == AT_FORMAT && !is_format(word) )
        *at = AT_VDEV;
    switch ( (*at)++ )
    {
    case AT_TARGET:
        d->target = xstrdup(strip_prefix(word));
        return NULL;
    case AT_FORMAT:
        return check_format(word);
    case AT_VDEV:
        return set_vdev(d, word);
    case AT_ACCESS:
        return *word ? set_access(d, word) : NULL;
    default:
        return xasprintf("\"%s\" is one too many", word);
    }
}

static bool is_key(const char *word, const char *eq)
{
    if ( !eq || eq == word )
        return false;
    for ( const char *s = word; s < eq; s++ )
        if ( !islower((unsigned char)*s) )
            return false;
    return true;
}

static char *disk_word(struct disk_spec *d, char *word, unsigned int *at)
{
    char *eq = strchr(word, '=');

    if ( !is_key(word, eq) )
        return disk_positional(d, word, at);
    *eq = '\0';
    return disk_key(d, word, eq + 1);
}

static char *disk_complete(struct disk_spec *d)
{
    int64_t id;

    if ( !d->vdev )
        return xstrdup("no virtual device: add vdev=xvda or the like");
    id = vdev_parse(d->vdev);
    if ( id < 0 )
        return xasprintf("\"%s\" is no virtual device: xvda, xvdb, ...",
                         d->vdev);
    d->devid = (uint32_t)id;
    if ( d->cdrom )
        d->readonly = true;
    if ( !d->target )
        d->target = xstrdup("");
    if ( !*d->target && !d->cdrom )
        return xstrdup("no target: the block device or image in dom0");
    if ( *d->target && *d->target != '/' )
        return xasprintf("target \"%s\" is no absolute path", d->target);
    return NULL;
}

static char *strip(char *s)
{
    char *end;

    while ( isspace((unsigned char)*s) )
        s++;
    end = s + strlen(s);
    while ( end > s && isspace((unsigned char)end[-1]) )
        *--end = '\0';
    return s;
}

int disk_parse(const char *text, struct disk_spec *spec, char **why)
{
    char *copy = xstrdup(text), *rest = copy, *word;
    unsigned int at = AT_TARGET;

    memset(spec, 0, sizeof(*spec));
    spec->text = xstrdup(text);
    *why = NULL;
    while ( !*why && rest )
    {
        rest = strip(rest);
        /* the last key: its value may have commas */
        if ( has_prefix(rest, "target=") )
        {
            free(spec->target);
            spec->target = xstrdup(rest + strlen("target="));
            break;
        }
        word = strip(strsep(&rest, ","));
        *why = disk_word(spec, word, &at);
    }
    if ( !*why )
        *why = disk_complete(spec);
    free(copy);
    if ( !*why )
        return 0;
    disk_free(spec);
    return -1;
}

/* ---- network interfaces ---- */

void nic_free(struct nic_spec *spec)
{
    free(spec->text);
    free(spec->bridge);
    free(spec->script);
    free(spec->vifname);
    free(spec->ip);
    memset(spec, 0, sizeof(*spec));
}

int nic_random_mac(struct nic_spec *spec)
{
    static const uint8_t xen_oui[3] = {0x00, 0x16, 0x3e};

    memcpy(spec->mac, xen_oui, sizeof(xen_oui));
    if ( getrandom(spec->mac + 3, 3, 0) != 3 )
    {
        err("no random numbers for a MAC address: %s", strerror(errno));
        return -1;
    }
    spec->mac[3] &= 0x7f;
    spec->has_mac = true;
    return 0;
}

static char *set_mac(struct nic_spec *n, const char *v)
{
    unsigned int b[6];
    int end = 0;

    if ( sscanf(v, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3],
                &b[4], &b[5], &end) != 6 ||
         v[end] )
        return xasprintf("\"%s\" is no MAC address", v);
    if ( b[0] & 1 )
        return xasprintf("MAC address %s is a group's: its first byte must be "
                         "even",
                         v);
    for ( size_t i = 0; i < 6; i++ )
        n->mac[i] = (uint8_t)b[i];
    n->has_mac = true;
    return NULL;
}

int rate_parse(const char *text, uint64_t *bytes, uint64_t *us)
{
    static const struct {
        const char *unit;
        uint64_t bits;
    } units[] = {{"GB/s", 8000000000}, {"MB/s", 8000000},
                 {"KB/s", 8000},       {"kB/s", 8000},
                 {"B/s", 8},           {"Gb/s", 1000000000},
                 {"Mb/s", 1000000},    {"Kb/s", 1000},
                 {"kb/s", 1000},       {"b/s", 1}};
    uint64_t interval = 50000, bits = 0;
    char *end;
    uint64_t n = strtoull(text, &end, 10);

    if ( end == text || *text == '-' || n > 1000000 )
        return -1;
    for ( size_t i = 0; !bits && i < sizeof(units) / sizeof(units[0]); i++ )
        if ( has_prefix(end, units[i].unit) )
        {
            bits = units[i].bits;
            end += strlen(units[i].unit);
        }
    if ( *end == '@' )
    {
        text = end + 1;
        interval = strtoull(text, &end, 10);
        if ( end == text || interval > 1000000 )
            return -1;
        if ( has_prefix(end, "ms") )
            interval *= 1000;
        else if ( *end == 's' )
            interval *= 1000000;
        else if ( !has_prefix(end, "us") )
            return -1;
        end += *end == 's' ? 1 : 2;
    }
    if ( *end || !bits || !interval || interval > UINT32_MAX )
        return -1;
    *bytes = (uint64_t)((unsigned __int128)n * bits * interval / 8000000);
    *us = interval;
    return *bytes ? 0 : -1;
}

static char *nic_number(const char *key, const char *v, uint64_t min,
                        uint64_t max, uint64_t *out)
{
    if ( parse_number(v, v + strlen(v), max, out) && *out >= min )
        return NULL;
    return xasprintf("%s=%s: a number from %llu to %llu", key, v,
                     (unsigned long long)min, (unsigned long long)max);
}

#define IFNAME_MAX 15U

static char *set_text(char **to, const char *key, const char *v)
{
    if ( (!strcmp(key, "bridge") || !strcmp(key, "vifname")) &&
         (!*v || strlen(v) > IFNAME_MAX) )
        return xasprintf("%s=%s: a name of 1 to %u characters", key, v,
                         IFNAME_MAX);
    free(*to);
    *to = xstrdup(v);
    return NULL;
}

static char *nic_key(struct nic_spec *n, const char *key, const char *v)
{
    uint64_t number;
    char *why;

    if ( !strcmp(key, "mac") )
        return set_mac(n, v);
    if ( !strcmp(key, "bridge") )
        return set_text(&n->bridge, key, v);
    if ( !strcmp(key, "script") )
        return set_text(&n->script, key, v);
    if ( !strcmp(key, "vifname") )
        return set_text(&n->vifname, key, v);
    if ( !strcmp(key, "ip") )
        return set_text(&n->ip, key, v);
    if ( !strcmp(key, "rate") )
        return rate_parse(v, &n->rate_bytes, &n->rate_us)
                   ? xasprintf("rate=%s: such as 10MB/s or 1Mb/s@20ms", v)
                   : NULL;
    if ( !strcmp(key, "mtu") )
    {
        why = nic_number(key, v, 68, 65535, &number);
        n->mtu = (uint32_t)number;
        return why;
    }
    if ( !strcmp(key, "devid") )
    {
        why = nic_number(key, v, 0, 255, &number);
        n->devid = (int32_t)number;
        return why;
    }
    if ( !strcmp(key, "type") )
        return strcmp(v, "vif") && strcmp(v, "netfront")
                   ? xasprintf("type=%s: only vif exists on Arm", v)
                   : NULL;
    if ( !strcmp(key, "backend") )
        return strcmp(v, "0") && strcmp(v, "Domain-0")
                   ? xasprintf("backend=%s: networks are served by dom0 only",
                               v)
                   : NULL;
    if ( !strcmp(key, "model") )
        return NULL; /* of an emulated card, which Arm guests do not have */
    return xasprintf("\"%s\" is no key of a vif", key);
}

int nic_parse(const char *text, struct nic_spec *spec, char **why)
{
    char *copy = xstrdup(text), *rest = copy;

    memset(spec, 0, sizeof(*spec));
    spec->text = xstrdup(text);
    spec->devid = -1;
    *why = NULL;
    while ( !*why && rest )
    {
        char *word = strip(strsep(&rest, ","));
        char *eq = strchr(word, '=');

        if ( !*word )
            continue;
        if ( !eq )
            *why = xasprintf("\"%s\": a vif is KEY=VALUE,...", word);
        else
        {
            *eq = '\0';
            *why = nic_key(spec, strip(word), strip(eq + 1));
        }
    }
    free(copy);
    if ( !*why )
        return 0;
    nic_free(spec);
    return -1;
}
