/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/sched.h>

#include "pxl.h"
#include "xs.h"

int hyp_failed(int rc, const char *fmt, ...)
{
    char what[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);

    if ( rc == -EACCES )
        err("%s: the hypervisor speaks another version of the interface; pxl "
            "was built for %#x",
            what, XEN_DOMCTL_INTERFACE_VERSION);
    else if ( rc == -ENOSYS || rc == -EOPNOTSUPP )
        err("%s: the hypervisor cannot do that", what);
    else if ( rc == -ESRCH )
        err("%s: no such domain (any more)", what);
    else
        err("%s: %s", what, strerror(-rc));
    return -1;
}

int domain_info(int domid, domain_info_t *info)
{
    struct xen_domctl op = {0};
    int rc = hyp_domctl(XEN_DOMCTL_getdomaininfo, (uint16_t)domid, &op);

    if ( rc < 0 )
        return rc;
    /* Asked for one that does not exist, it tells of the next one. */
    if ( op.u.getdomaininfo.domain != domid )
        return -ESRCH;
    *info = op.u.getdomaininfo;
    return 0;
}

domain_info_t *domain_list(size_t *nr)
{
    const uint32_t slice = 64;
    size_t size = slice * sizeof(domain_info_t);
    domain_info_t *buf = hyp_buffer(size), *all = NULL;
    struct xen_sysctl op = {0};
    uint32_t n;
    int rc;

    *nr = 0;
    do
    {
        uint32_t first = *nr ? all[*nr - 1].domain + 1U : 0;

        op.u.getdomaininfolist.first_domain = (domid_t)first;
        op.u.getdomaininfolist.max_domains = slice;
        set_xen_guest_handle(op.u.getdomaininfolist.buffer, buf);
        rc = hyp_sysctl(XEN_SYSCTL_getdomaininfolist, &op);
        if ( rc < 0 )
        {
            hyp_failed(rc, "cannot list domains");
            free(all);
            hyp_buffer_free(buf, size);
            return NULL;
        }
        n = op.u.getdomaininfolist.num_domains;
        all = xrealloc(all, (*nr + n) * sizeof(*all));
        memcpy(all + *nr, buf, n * sizeof(*all));
        *nr += n;
    } while ( n == slice );

    hyp_buffer_free(buf, size);
    return all;
}

domain_info_t *domain_args(int argc, char **argv, size_t *nr, int *status)
{
    domain_info_t *all;
    int i;

    *status = 0;
    if ( argc == 0 )
        return domain_list(nr);

    all = xcalloc((size_t)argc, sizeof(*all));
    *nr = 0;
    for ( i = 0; i < argc; i++ )
    {
        int domid = domain_arg(argv[i]);

        if ( domid >= 0 && !domain_info(domid, &all[*nr]) )
            (*nr)++;
        else
            *status = EXIT_FAILURE;
    }
    return all;
}

void domain_uuid(const domain_info_t *info, char text[37])
{
    unsigned int i;

    for ( i = 0; i < sizeof(info->handle); i++ )
    {
        snprintf(text, 3, "%02x", info->handle[i]);
        text += 2;
        if ( i == 3 || i == 5 || i == 7 || i == 9 )
            *text++ = '-';
    }
    *text = '\0';
}

const char *shutdown_reason(uint32_t flags)
{
    static const char *const names[] = {
        [SHUTDOWN_poweroff] = "poweroff", [SHUTDOWN_reboot] = "reboot",
        [SHUTDOWN_suspend] = "suspend",   [SHUTDOWN_crash] = "crash",
        [SHUTDOWN_watchdog] = "watchdog", [SHUTDOWN_soft_reset] = "soft_reset",
    };
    uint32_t reason =
        flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

    if ( !(flags & XEN_DOMINF_shutdown) )
        return NULL;
    return reason < sizeof(names) / sizeof(names[0]) ? names[reason]
                                                     : "unknown";
}

char *domain_name(int domid)
{
    char *name = xs_get("/local/domain/%d/name", domid);

    if ( name )
        return name;
    /* Nothing says so when no other tool has set dom0 up. */
    return xstrdup(domid ? "(null)" : "Domain-0");
}

/* -1 without a message: no domain has that name. */
static int by_name(const char *name)
{
    size_t nr, i;
    domain_info_t *all = domain_list(&nr);
    int found = -1;

    for ( i = 0; all && i < nr && found < 0; i++ )
    {
        char *other = domain_name(all[i].domain);

        if ( !strcmp(name, other) )
            found = all[i].domain;
        free(other);
    }
    free(all);
    return found;
}

int domain_arg(const char *arg)
{
    size_t digits = strspn(arg, "0123456789");
    domain_info_t info;
    int domid;

    if ( digits && !arg[digits] )
    {
        domid = digits > 5 ? (int)DOMID_FIRST_RESERVED : atoi(arg);
        if ( domid < (int)DOMID_FIRST_RESERVED && !domain_info(domid, &info) )
            return domid;
    }
    else if ( (domid = by_name(arg)) >= 0 )
        return domid;

    err("%s is an invalid domain identifier; 'pxl list' shows all domains",
        arg);
    return -1;
}

int host_info(struct xen_sysctl_physinfo *info)
{
    struct xen_sysctl op = {0};
    int rc = hyp_sysctl(XEN_SYSCTL_physinfo, &op);

    if ( rc < 0 )
        return hyp_failed(rc, "cannot ask for the host's CPUs and memory");
    *info = op.u.physinfo;
    return 0;
}

unsigned int nr_cpus(void)
{
    static unsigned int nr;
    struct xen_sysctl_physinfo info;

    if ( !nr )
    {
        if ( host_info(&info) )
            exit(EXIT_FAILURE);
        nr = info.max_cpu_id + 1;
    }
    return nr;
}
