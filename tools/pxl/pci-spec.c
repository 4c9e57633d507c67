/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-spec.c - a PCI device as text: xl-pci-configuration(5), and msi=. */
#include "pci.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cfg.h"
#include "pxl.h"

#define A_DEVICE_IS                                                            \
    "a PCI device is [DDDD:]BB:DD.F, such as 0000:01:00.0; each function is "  \
    "named"

char *pci_name(uint32_t sbdf)
{
    return xasprintf("%04x:%02x:%02x.%u", sbdf >> 16, sbdf >> 8 & 0xff,
                     sbdf >> 3 & 0x1f, sbdf & 7);
}

/* A hexadecimal number up to @max, ended by @end (0: by anything else). */
static bool hex(const char **text, uint32_t max, char end, uint32_t *out)
{
    char *after;
    unsigned long value;

    if ( !isxdigit((unsigned char)**text) )
        return false;
    value = strtoul(*text, &after, 16);
    if ( value > max || (end && *after != end) )
        return false;
    *text = after + (end != 0);
    *out = (uint32_t)value;
    return true;
}

bool pci_bdf(const char **text, uint32_t *sbdf)
{
    uint32_t seg = 0, bus, slot, fn;
    const char *p = *text;

    if ( !hex(&p, 0xffff, ':', &seg) )
        return false;
    if ( !hex(&p, 0xff, ':', &bus) )
    {
        bus = seg;
        seg = 0;
        if ( bus > 0xff )
            return false;
    }
    if ( !hex(&p, 0x1f, '.', &slot) || !hex(&p, 7, 0, &fn) )
        return false;
    *text = p;
    *sbdf = seg << 16 | bus << 8 | slot << 3 | fn;
    return true;
}

static bool boolean(const char *value, bool *out)
{
    bool yes = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;

    if ( !yes && strcmp(value, "0") != 0 && strcmp(value, "false") != 0 )
        return false;
    *out = yes;
    return true;
}

/* A slot in hexadecimal, as xl takes it. */
static bool slot(const char **p, uint32_t *out)
{
    char *end;
    unsigned long value;

    if ( !isxdigit((unsigned char)**p) )
        return false;
    value = strtoul(*p, &end, 16);
    if ( value > 0x1f )
        return false;
    *p = end;
    *out = (uint32_t)value;
    return true;
}

/* bdf=, vslot=, name=: which function, and where. 1: none of these. */
static int place(const char *name, const char *value, struct pci_spec *spec,
                 char **why)
{
    const char *p = value;

    if ( strcmp(name, "bdf") == 0 )
    {
        if ( pci_bdf(&p, &spec->sbdf) && !*p )
            return 0;
        *why = xasprintf("bdf=%s: " A_DEVICE_IS, value);
        return -1;
    }
    if ( strcmp(name, "vslot") == 0 )
    {
        if ( slot(&p, &spec->vslot) && !*p )
            return 0;
        *why = xasprintf("vslot=%s: 0 to 1f expected", value);
        return -1;
    }
    if ( strcmp(name, "name") != 0 )
        return 1;
    if ( *value && strlen(value) < sizeof(spec->name) )
    {
        strcpy(spec->name, value);
        return 0;
    }
    *why = xasprintf("name=%s: a name of up to 63 characters expected", value);
    return -1;
}

/*
 * They speak of x86, of pciback, or of what is always done here: a warning,
 * but once, though a configuration is read several times.
 */
static bool is_ignored(const char *name)
{
    static struct {
        const char *name;
        bool warned;
    } ignored[] = {
        {"power_mgmt", false},
        {"msitranslate", false},
        {"rdm_policy", false},
    };

    for ( size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++ )
        if ( strcmp(name, ignored[i].name) == 0 )
        {
            if ( !ignored[i].warned )
                warn("pci: %s is ignored", name);
            ignored[i].warned = true;
            return true;
        }
    return false;
}

/* One NAME=VALUE. */
static int option(const char *name, const char *value, struct pci_spec *spec,
                  char **why)
{
    const struct {
        const char *name;
        bool *value;
    } booleans[] = {
        {"permissive", &spec->permissive},
        {"msi", &spec->msi},
        {"seize", &spec->seize},
    };
    int rc = place(name, value, spec, why);

    if ( rc <= 0 )
        return rc;
    if ( is_ignored(name) )
        return 0;
    for ( size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]); i++ )
        if ( strcmp(name, booleans[i].name) == 0 )
        {
            if ( boolean(value, booleans[i].value) )
                return 0;
            *why = xasprintf("%s=%s: 0 or 1 expected", name, value);
            return -1;
        }
    *why = xasprintf("unknown option \"%s\"; there are bdf, vslot, name, "
                     "seize, msi, permissive",
                     name);
    return -1;
}

/* Options from @p on, which is changed. */
static int parse_options(char *p, struct pci_spec *spec, char **why)
{
    char *save = NULL;

    for ( char *word = strtok_r(p, ",", &save); word;
          word = strtok_r(NULL, ",", &save) )
    {
        char *value;

        word += strspn(word, " \t");
        word[strcspn(word, " \t")] = '\0';
        value = strchr(word, '=');
        if ( !value )
        {
            *why = xasprintf("\"%s\": NAME=VALUE expected", word);
            return -1;
        }
        *value++ = '\0';
        if ( option(word, value, spec, why) != 0 )
            return -1;
    }
    return 0;
}

/* BDF[@VSLOT], which ends before a comma or the end. */
static int parse_positional(const char **p, const char *text,
                            struct pci_spec *spec, char **why)
{
    if ( !pci_bdf(p, &spec->sbdf) )
    {
        *why = xasprintf("\"%s\": " A_DEVICE_IS, text);
        return -1;
    }
    if ( **p == '@' )
    {
        ++*p;
        if ( !slot(p, &spec->vslot) )
        {
            *why = xasprintf("\"%s\": @ is followed by the slot that the guest "
                             "sees, 0 to 1f",
                             text);
            return -1;
        }
    }
    *p += strspn(*p, " \t");
    if ( **p && **p != ',' )
    {
        *why = xasprintf("\"%s\": cannot read \"%s\"", text, *p);
        return -1;
    }
    return 0;
}

int pci_parse(const char *text, struct pci_spec *spec, char **why)
{
    const char *p = text + strspn(text, " \t");
    char *options;
    int rc;

    *why = NULL;
    spec->sbdf = PCI_NO_BDF;
    spec->vslot = PCI_ANY_SLOT;
    spec->name[0] = '\0';
    /* The first word may be an option as well. */
    if ( p[strcspn(p, " \t,=")] != '=' &&
         parse_positional(&p, text, spec, why) != 0 )
        return -1;
    options = xstrdup(p);
    rc = parse_options(options, spec, why);
    free(options);
    if ( rc == 0 && (spec->sbdf == PCI_NO_BDF) != (spec->name[0] != '\0') )
    {
        *why =
            xasprintf("\"%s\": either bdf= or name= says which function", text);
        rc = -1;
    }
    return rc;
}

int pci_config(struct cfg *cfg, struct pci_spec **specs, size_t *nr)
{
    const struct cfg_value *items;
    uint64_t permissive, seize, ignored;
    int rc = 0;

    *specs = NULL;
    *nr = 0;
    if ( cfg_number(cfg, "pci_seize", 0, &seize) != 0 ||
         cfg_number(cfg, "pci_permissive", 0, &permissive) != 0 ||
         cfg_number(cfg, "pci_power_mgmt", 0, &ignored) != 0 ||
         cfg_number(cfg, "pci_msitranslate", 0, &ignored) != 0 ||
         cfg_list(cfg, "pci", &items, nr) != 0 )
        return -1;
    if ( permissive )
    {
        cfg_err(cfg, cfg_get(cfg, "pci_permissive"),
                "an unprotected device is consented to one by one: write "
                "permissive=1 behind it in pci = [...]");
        return -1;
    }

    *specs = xcalloc(*nr, sizeof(**specs));
    for ( size_t i = 0; i < *nr; i++ )
    {
        struct pci_spec *spec = &(*specs)[i];
        char *why = NULL;

        spec->seize = seize != 0;
        spec->line = items[i].line;
        if ( !items[i].string )
            why = xstrdup("pci: a string expected, such as \"0000:01:00.0\"");
        else
            pci_parse(items[i].string, spec, &why);
        for ( size_t j = 0; j < i && !why; j++ )
            if ( (*specs)[j].sbdf == spec->sbdf &&
                 strcmp((*specs)[j].name, spec->name) == 0 )
                why = xasprintf("\"%s\" is in the list twice", items[i].string);
        if ( why )
        {
            cfg_err(cfg, &items[i], "%s", why);
            free(why);
            rc = -1;
        }
    }
    if ( rc != 0 )
    {
        free(*specs);
        *specs = NULL;
        *nr = 0;
    }
    return rc;
}
