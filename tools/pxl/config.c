/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.c - the description of a domain, by xl.cfg's names; see config.h. */
#include "config.h"
#include "parse.h"
#include "pxl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAX_VCPUS    128U /* that the guest's interrupt controller can have */
#define MAX_NAME     100U
#define DEFAULT_PORT 1023U

#define ITEMS(array) (sizeof(array) / sizeof((array)[0]))

/* ---- names ---- */

char *config_name_wrong(const char *name)
{
    for ( const char *s = name; *s; s++ )
        if ( !isalnum((unsigned char)*s) && !strchr("_-.+:@", *s) )
            return xasprintf("name \"%s\": '%c' cannot be in a name", name, *s);
    if ( !*name || strlen(name) > MAX_NAME )
        return xasprintf("name: 1 to %u characters", MAX_NAME);
    if ( !name[strspn(name, "0123456789")] )
        return xasprintf("name \"%s\" would be taken for a domain's number",
                         name);
    return NULL;
}

static int read_name(struct config *c)
{
    char *why;

    if ( cfg_string(c->cfg, "name", NULL, &c->name) )
        return -1;
    if ( !c->name )
    {
        cfg_err(c->cfg, NULL, "no name: add name = \"...\"");
        return -1;
    }
    why = config_name_wrong(c->name);
    if ( why )
        cfg_err(c->cfg, cfg_get(c->cfg, "name"), "%s", why);
    free(why);
    return why ? -1 : 0;
}

void uuid_format(const uint8_t *uuid, char *text)
{
    for ( size_t i = 0; i < UUID_SIZE; i++ )
    {
        if ( i == 4 || i == 6 || i == 8 || i == 10 )
            *text++ = '-';
        text += sprintf(text, "%02x", uuid[i]);
    }
}

/* 32 digits, with dashes anywhere. */
static int parse_uuid(const char *text, uint8_t *uuid)
{
    size_t n = 0;

    memset(uuid, 0, UUID_SIZE);
    for ( ; *text; text++ )
    {
        unsigned int digit;

        if ( *text == '-' )
            continue;
        if ( n == UUID_SIZE * 2 || sscanf(text, "%1x", &digit) != 1 ||
             isspace((unsigned char)*text) )
            return -1;
        uuid[n / 2] = (uint8_t)((unsigned int)uuid[n / 2] << 4 | digit);
        n++;
    }
    return n == UUID_SIZE * 2 ? 0 : -1;
}

static int read_uuid(struct config *c)
{
    const char *text;

    if ( cfg_string(c->cfg, "uuid", NULL, &text) )
        return -1;
    if ( text )
    {
        if ( !parse_uuid(text, c->uuid) )
            return 0;
        cfg_err(c->cfg, cfg_get(c->cfg, "uuid"), "\"%s\" is no UUID", text);
        return -1;
    }
    if ( getrandom(c->uuid, UUID_SIZE, 0) != (ssize_t)UUID_SIZE )
    {
        err("no random numbers for a UUID: %s", strerror(errno));
        return -1;
    }
    /* RFC 4122, 4.4: version 4, the variant of this RFC */
    c->uuid[6] = (c->uuid[6] & 0x0f) | 0x40;
    c->uuid[8] = (c->uuid[8] & 0x3f) | 0x80;
    return 0;
}

/* ---- what it runs ---- */

static int read_kernel(struct config *c)
{
    const char *cmdline, *root, *extra;
    struct cfg *cfg = c->cfg;

    if ( cfg_string(cfg, "kernel", NULL, &c->kernel) ||
         cfg_string(cfg, "ramdisk", NULL, &c->ramdisk) ||
         cfg_string(cfg, "cmdline", NULL, &cmdline) ||
         cfg_string(cfg, "root", NULL, &root) ||
         cfg_string(cfg, "extra", NULL, &extra) )
        return -1;
    if ( !c->kernel || !*c->kernel )
    {
        cfg_err(cfg, cfg_get(cfg, "kernel"),
                "no kernel: add kernel = \"/path/of/an/arm64/Image\"");
        return -1;
    }
    if ( c->ramdisk && !*c->ramdisk )
        c->ramdisk = NULL;
    if ( cmdline && (root || extra) )
        warn("cmdline is set: root and extra have no effect");
    if ( cmdline )
        c->cmdline = xstrdup(cmdline);
    else
        c->cmdline =
            xasprintf("%s%s%s%s", root ? "root=" : "", root ? root : "",
                      root && extra ? " " : "", extra ? extra : "");
    return 0;
}

/* MiB, or a number with a unit. */
static int read_amount(struct config *c, const char *name, uint64_t fallback,
                       uint64_t *kib)
{
    const struct cfg_value *v = cfg_get(c->cfg, name);

    *kib = fallback;
    if ( !v )
        return 0;
    if ( !v->string || parse_memory(v->string, kib) )
    {
        cfg_err(c->cfg, v, "'%s' is an amount of memory in MiB", name);
        return -1;
    }
    return 0;
}

#define MAX_MEMORY (1ULL << 30) /* KiB */

static int read_memory(struct config *c)
{
    if ( read_amount(c, "memory", 0, &c->memory_kib) ||
         read_amount(c, "maxmem", c->memory_kib, &c->maxmem_kib) )
        return -1;
    if ( c->memory_kib < CONFIG_MIN_KIB || c->memory_kib > MAX_MEMORY ||
         c->memory_kib % 4 )
        cfg_err(c->cfg, cfg_get(c->cfg, "memory"),
                cfg_get(c->cfg, "memory")
                    ? "memory: at least 1 MiB, at most 1 TiB"
                    : "no memory: add memory = MiB");
    else if ( c->maxmem_kib < c->memory_kib || c->maxmem_kib > MAX_MEMORY ||
              c->maxmem_kib % 4 )
        cfg_err(c->cfg, cfg_get(c->cfg, "maxmem"),
                "maxmem: at least as much as memory, at most 1 TiB");
    else
        return 0;
    return -1;
}

/* ---- CPUs ---- */

static int read_u32(struct config *c, const char *name, uint32_t fallback,
                    uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t n;

    if ( cfg_number(c->cfg, name, fallback, &n) )
        return -1;
    if ( cfg_get(c->cfg, name) && (n < min || n > max) )
    {
        cfg_err(c->cfg, cfg_get(c->cfg, name), "'%s' is from %u to %u", name,
                min, max);
        return -1;
    }
    *out = (uint32_t)n;
    return 0;
}

/* A string is for all vCPUs; a list has one entry for each. */
static int read_cpus(struct config *c, const char *name, uint8_t ***maps,
                     size_t *nr)
{
    const struct cfg_value *v = cfg_get(c->cfg, name), *item;
    size_t n;

    if ( !v || cfg_list(c->cfg, name, &item, &n) || !n )
        return 0;
    if ( !v->string && n > c->max_vcpus )
    {
        cfg_err(c->cfg, &item[c->max_vcpus],
                "'%s' has more entries than there are vCPUs", name);
        return -1;
    }
    *nr = c->max_vcpus;
    *maps = xcalloc(*nr, sizeof(**maps));
    for ( size_t i = 0; i < *nr; i++ )
    {
        const struct cfg_value *from = v->string ? v : &item[i];

        if ( !v->string && i >= n )
            break;
        (*maps)[i] = xcalloc((c->host_cpus + 7) / 8, 1);
        if ( !from->string ||
             parse_cpus(from->string, c->host_cpus, (*maps)[i]) )
        {
            cfg_err(c->cfg, from, "'%s' should be CPUs, such as \"0-1\"", name);
            return -1;
        }
    }
    return 0;
}

static int read_vcpus(struct config *c)
{
    if ( read_u32(c, "vcpus", 1, 1, MAX_VCPUS, &c->vcpus) ||
         read_u32(c, "maxvcpus", c->vcpus, c->vcpus, MAX_VCPUS,
                  &c->max_vcpus) ||
         read_cpus(c, "cpus", &c->cpus, &c->nr_cpus_maps) ||
         read_cpus(c, "cpus_soft", &c->cpus_soft, &c->nr_soft_maps) ||
         read_u32(c, "cpu_weight", 0, 1, 65535, &c->weight) ||
         read_u32(c, "cap", 0, 0, 65535, &c->cap) )
        return -1;
    return 0;
}

/* ---- words ---- */

struct word {
    const char *text;
    int value;
};

/* One of @words; *@out keeps its value when the setting is absent. */
static int read_word(struct config *c, const char *name,
                     const struct word *words, size_t nr, int *out)
{
    const char *text;

    if ( cfg_string(c->cfg, name, NULL, &text) )
        return -1;
    if ( !text )
        return 0;
    for ( size_t i = 0; i < nr; i++ )
        if ( !strcmp(words[i].text, text) )
        {
            *out = words[i].value;
            return 0;
        }
    cfg_err(c->cfg, cfg_get(c->cfg, name), "%s = \"%s\" is not supported", name,
            text);
    fprintf(stderr, "  known:");
    for ( size_t i = 0; i < nr; i++ )
        fprintf(stderr, " %s", words[i].text);
    fputc('\n', stderr);
    return -1;
}

static const struct word actions[] = {
    {"destroy", ACTION_DESTROY},
    {"restart", ACTION_RESTART},
    {"rename-restart", ACTION_RENAME_RESTART},
    {"preserve", ACTION_PRESERVE},
};

const char *action_name(enum action a)
{
    return actions[a].text;
}

static int read_actions(struct config *c)
{
    int poweroff = ACTION_DESTROY, reboot = ACTION_RESTART;
    int crash = ACTION_DESTROY, watchdog = ACTION_DESTROY;

    if ( read_word(c, "on_poweroff", actions, ITEMS(actions), &poweroff) ||
         read_word(c, "on_reboot", actions, ITEMS(actions), &reboot) ||
         read_word(c, "on_crash", actions, ITEMS(actions), &crash) ||
         read_word(c, "on_watchdog", actions, ITEMS(actions), &watchdog) )
        return -1;
    c->on_poweroff = (enum action)poweroff;
    c->on_reboot = (enum action)reboot;
    c->on_crash = (enum action)crash;
    c->on_watchdog = (enum action)watchdog;
    return 0;
}

static int read_platform(struct config *c)
{
    static const struct word gics[] = {{"default", 0}, {"v2", 2}, {"v3", 3}};
    static const struct word passthroughs[] = {
        {"default", 1}, {"enabled", 1}, {"disabled", 0}};
    static const struct word types[] = {{"pvh", 0}, {"pv", 0}};
    static const struct word tees[] = {{"none", 0}};
    int gic = 0, passthrough = 1, none = 0;

    if ( read_word(c, "gic_version", gics, ITEMS(gics), &gic) ||
         read_word(c, "passthrough", passthroughs, ITEMS(passthroughs),
                   &passthrough) ||
         read_word(c, "type", types, ITEMS(types), &none) ||
         read_word(c, "tee", tees, ITEMS(tees), &none) ||
         read_u32(c, "max_grant_frames", UINT32_MAX, 1, 4096,
                  &c->max_grant_frames) ||
         read_u32(c, "max_maptrack_frames", UINT32_MAX, 0, 65536,
                  &c->max_maptrack_frames) ||
         read_u32(c, "event_channels", DEFAULT_PORT, 1, 131071,
                  &c->max_event_channels) )
        return -1;
    c->gic_version = (unsigned int)gic;
    c->passthrough = passthrough;
    return 0;
}

/* A domain without what these ask for would not be the one described. */
static int refuse(struct config *c)
{
    static const char *const names[] = {
        "iomem",   "irqs",   "ioports", "vuart",   "vfb",
        "vkb",     "vtpm",   "p9",      "usbdev",  "usbctrl",
        "pvcalls", "vdispl", "vsnd",    "channel", "virtio",
    };
    /* xl's for other machines; nothing on Arm depends on them */
    static const char *const without_effect[] = {
        "builder",
        "nomigrate",
        "serial",
        "boot",
        "vnc",
        "sdl",
        "device_model_version",
        "pci_permissive",
        "pci_seize",
        "pci_msitranslate",
        "pci_power_mgmt",
    };
    const struct cfg_value *v;
    uint64_t acpi;

    for ( size_t i = 0; i < ITEMS(names); i++ )
    {
        v = cfg_get(c->cfg, names[i]);
        if ( v && (v->string ? *v->string != '\0' : v->nr != 0) )
        {
            cfg_err(c->cfg, v, "'%s' is not supported; remove it", names[i]);
            return -1;
        }
    }
    for ( size_t i = 0; i < ITEMS(without_effect); i++ )
        (void)cfg_get(c->cfg, without_effect[i]);
    if ( cfg_number(c->cfg, "acpi", 0, &acpi) )
        return -1;
    if ( acpi )
    {
        cfg_err(c->cfg, cfg_get(c->cfg, "acpi"),
                "guests get a device tree: acpi = 0");
        return -1;
    }
    return 0;
}

/* ---- devices ---- */

/* A list of strings, each understood by @parse into @size bytes of @*specs. */
static int read_devices(struct config *c, const char *name, size_t size,
                        int (*parse)(const char *text, void *spec, char **why),
                        void **specs, size_t *nr)
{
    const struct cfg_value *item;
    size_t n;

    if ( cfg_list(c->cfg, name, &item, &n) )
        return -1;
    *specs = xcalloc(n, size);
    for ( size_t i = 0; i < n; i++ )
    {
        char *why = NULL;

        if ( !item[i].string )
            why = xstrdup("a string is expected, not a list");
        else if ( !parse(item[i].string, (char *)*specs + i * size, &why) )
        {
            (*nr)++;
            continue;
        }
        cfg_err(c->cfg, &item[i], "%s: %s", name, why);
        free(why);
        return -1;
    }
    return 0;
}

static int parse_disk(const char *text, void *spec, char **why)
{
    return disk_parse(text, spec, why);
}

static int parse_nic(const char *text, void *spec, char **why)
{
    return nic_parse(text, spec, why);
}

static int read_disks(struct config *c)
{
    const struct cfg_value *item;
    void *specs = NULL;
    size_t n;
    int rc = read_devices(c, "disk", sizeof(*c->disk), parse_disk, &specs,
                          &c->nr_disks);

    c->disk = specs;
    (void)cfg_list(c->cfg, "disk", &item, &n);
    for ( size_t i = 0; !rc && i < c->nr_disks; i++ )
        for ( size_t k = 0; k < i; k++ )
            if ( c->disk[i].devid == c->disk[k].devid )
            {
                cfg_err(c->cfg, &item[i], "disk: there are two %s",
                        c->disk[i].vdev);
                rc = -1;
            }
    return rc;
}

static bool devid_taken(const struct config *c, int32_t id, size_t except)
{
    for ( size_t i = 0; i < c->nr_nics; i++ )
        if ( i != except && c->nic[i].devid == id )
            return true;
    return false;
}

/* A reboot must find the same numbers and addresses. */
static int complete_nics(struct config *c, const struct cfg_value *item)
{
    for ( size_t i = 0; i < c->nr_nics; i++ )
    {
        struct nic_spec *n = &c->nic[i];

        if ( n->devid >= 0 && devid_taken(c, n->devid, i) )
        {
            cfg_err(c->cfg, &item[i], "vif: devid %d is there twice", n->devid);
            return -1;
        }
        for ( int32_t id = 0; n->devid < 0; id++ )
            if ( !devid_taken(c, id, i) )
                n->devid = id;
        if ( !n->has_mac && nic_random_mac(n) )
            return -1;
    }
    return 0;
}

static int read_nics(struct config *c)
{
    const struct cfg_value *item;
    void *specs = NULL;
    size_t n;
    int rc =
        read_devices(c, "vif", sizeof(*c->nic), parse_nic, &specs, &c->nr_nics);

    c->nic = specs;
    (void)cfg_list(c->cfg, "vif", &item, &n);
    return rc ? rc : complete_nics(c, item);
}

/* ---- all of it ---- */

int config_read(struct cfg *cfg, unsigned int host_cpus, struct config *c)
{
    memset(c, 0, sizeof(*c));
    c->cfg = cfg;
    c->host_cpus = host_cpus;
    if ( read_name(c) || read_uuid(c) || read_kernel(c) || read_memory(c) ||
         read_vcpus(c) || read_actions(c) || read_platform(c) || refuse(c) ||
         read_disks(c) || read_nics(c) )
    {
        config_free(c);
        return -1;
    }
    return 0;
}

static void free_maps(uint8_t **maps, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ )
        free(maps[i]);
    free(maps);
}

void config_free(struct config *c)
{
    free(c->cmdline);
    free_maps(c->cpus, c->nr_cpus_maps);
    free_maps(c->cpus_soft, c->nr_soft_maps);
    for ( size_t i = 0; i < c->nr_disks; i++ )
        disk_free(&c->disk[i]);
    free(c->disk);
    for ( size_t i = 0; i < c->nr_nics; i++ )
        nic_free(&c->nic[i]);
    free(c->nic);
    memset(c, 0, sizeof(*c));
}
