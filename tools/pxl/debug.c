/* SPDX-License-Identifier: GPL-2.0-or-later */
/* debug.c - dmesg, debug-keys, sysrq: messages, and how to provoke them. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "domain.h"
#include "pxl.h"
#include "xs.h"

#define CHUNK 16384U

/* Up to the end of the ring, then @clear it. */
static int read_console(char *buf, bool clear)
{
    struct xen_sysctl op = {0};
    uint32_t index = 0;
    int rc;

    do
    {
        memset(&op, 0, sizeof(op));
        op.u.readconsole.incremental = 1;
        op.u.readconsole.index = index;
        op.u.readconsole.count = CHUNK;
        set_xen_guest_handle(op.u.readconsole.buffer, buf);
        rc = hyp_sysctl(XEN_SYSCTL_readconsole, &op);
        if ( rc < 0 )
            return hyp_failed(rc, "cannot read the hypervisor's messages");
        index = op.u.readconsole.index;
        fwrite(buf, 1, op.u.readconsole.count, stdout);
    } while ( op.u.readconsole.count );

    if ( !clear )
        return 0;
    memset(&op, 0, sizeof(op));
    op.u.readconsole.clear = 1;
    set_xen_guest_handle(op.u.readconsole.buffer, buf);
    rc = hyp_sysctl(XEN_SYSCTL_readconsole, &op);
    return rc < 0 ? hyp_failed(rc, "cannot clear the messages") : 0;
}

int cmd_dmesg(int argc, char **argv)
{
    static const struct option longs[] = {{"clear", 0, NULL, 'c'},
                                          {NULL, 0, NULL, 0}};
    bool clear = false;
    char *buf;
    int c, rc;

    while ( (c = options(argc, argv, "c", longs)) != -1 )
    {
        if ( c == '?' )
            return EXIT_FAILURE;
        clear = true;
    }
    if ( optind != argc )
        return usage(argv[0]);
    buf = hyp_buffer(CHUNK);
    rc = read_console(buf, clear);
    hyp_buffer_free(buf, CHUNK);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_debug_keys(int argc, char **argv)
{
    struct xen_sysctl op = {0};
    const char *keys;
    size_t len;
    char *buf;
    int rc;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind != 1 )
        return usage(argv[0]);
    keys = argv[optind];
    len = strlen(keys);
    if ( len == 0 || len > 32 )
    {
        err("from 1 to 32 keys at a time; 'pxl debug-keys h' lists them in "
            "'pxl dmesg'");
        return EXIT_FAILURE;
    }
    buf = hyp_buffer(len);
    memcpy(buf, keys, len);
    op.u.debug_keys.nr_keys = (uint32_t)len;
    set_xen_guest_handle(op.u.debug_keys.keys, buf);
    rc = hyp_sysctl(XEN_SYSCTL_debug_keys, &op);
    hyp_buffer_free(buf, len);
    if ( rc < 0 )
        hyp_failed(rc, "debug keys '%s'", keys);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_sysrq(int argc, char **argv)
{
    const char *letter;
    int domid;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    letter = argv[optind + 1];
    if ( domid < 0 )
        return EXIT_FAILURE;
    if ( !isgraph((unsigned char)letter[0]) || letter[1] )
    {
        err("'%s' is no SysRq: it is one letter", letter);
        return EXIT_FAILURE;
    }
    return xs_put(letter, "/local/domain/%d/control/sysrq", domid)
               ? EXIT_FAILURE
               : EXIT_SUCCESS;
}
