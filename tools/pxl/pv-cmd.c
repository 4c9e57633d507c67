/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pv-cmd.h"
#include "json.h"
#include "pvdev.h"
#include "pxl.h"
#include "table.h"

#include <getopt.h>
#include <stdlib.h>

int pv_cmd_detach(const struct pv_kind *k, int argc, char **argv)
{
    static const struct option longopts[] = {{"force", no_argument, NULL, 'f'},
                                             {NULL, 0, NULL, 0}};
    bool force = false;
    uint32_t devid;
    int domid, opt;

    while ( (opt = options(argc, argv, "f", longopts)) != -1 )
    {
        if ( opt != 'f' )
            return EXIT_FAILURE;
        force = true;
    }
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 || k->find(domid, argv[optind + 1], &devid) != 0 )
        return EXIT_FAILURE;
    return k->remove(domid, devid, force) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int pv_cmd_list(const struct pv_kind *k, int argc, char **argv)
{
    static const struct option longopts[] = {{"json", no_argument, NULL, 'j'},
                                             {NULL, 0, NULL, 0}};
    struct table *t = NULL;
    int opt, rc = EXIT_SUCCESS;
    bool json = false;

    while ( (opt = options(argc, argv, "j", longopts)) != -1 )
    {
        if ( opt != 'j' )
            return EXIT_FAILURE;
        json = true;
    }
    if ( optind == argc )
        return usage(argv[0]);
    if ( json )
        json_array(NULL);
    else
        t = table_new(k->columns);
    for ( ; optind < argc; optind++ )
    {
        int domid = domain_arg(argv[optind]);
        size_t nr = 0;
        uint32_t *ids = domid < 0 ? NULL : pv_list(k->type, domid, &nr);

        if ( domid < 0 )
            rc = EXIT_FAILURE;
        for ( size_t i = 0; i < nr; i++ )
            k->list_one(t, domid, ids[i]);
        free(ids);
    }
    if ( json )
        json_end();
    else
        table_print(t);
    return rc;
}
