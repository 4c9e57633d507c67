/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - the command line: global options, the table of commands, help. */
#include "cmd.h"
#include "pxl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND(name, run, args, help) {name, args, help, run},
static const struct command commands[] = {
#include "commands.h"
    {NULL, NULL, NULL, NULL},
};
#undef COMMAND

/* By name or, as xl does, by the beginning of only one. */
static const struct command *find(const char *name)
{
    const struct command *found = NULL;
    size_t i, matches = 0;

    for ( i = 0; commands[i].name; i++ )
    {
        if ( !strcmp(commands[i].name, name) )
            return &commands[i];
        if ( !strncmp(commands[i].name, name, strlen(name)) )
        {
            found = &commands[i];
            matches++;
        }
    }
    return matches == 1 ? found : NULL;
}

static void print_usage(FILE *f, const struct command *c)
{
    fprintf(f, "Usage: pxl [-v] %s%s%s\n\n%s.\n", c->name, *c->args ? " " : "",
            c->args, c->help);
}

#define EXIT_USAGE 2 /* as xl's */

int usage(const char *name)
{
    const struct command *c = find(name);

    if ( c )
        print_usage(stderr, c);
    return EXIT_USAGE;
}

static int not_implemented(const char *name)
{
    size_t i, n = 0;

    for ( i = 0; commands[i].name; i++ )
        n += !strncmp(commands[i].name, name, strlen(name));
    if ( n )
    {
        err("%s: which one?", name);
        for ( i = 0; commands[i].name; i++ )
            if ( !strncmp(commands[i].name, name, strlen(name)) )
                fprintf(stderr, "  %s\n", commands[i].name);
    }
    else
        err("%s: command not implemented; 'pxl help' lists what is", name);
    return EXIT_FAILURE;
}

static int help(const char *name)
{
    const struct command *c = name ? find(name) : NULL;
    size_t i;

    if ( c )
    {
        print_usage(stdout, c);
        return EXIT_SUCCESS;
    }
    if ( name )
        return not_implemented(name);

    printf("Usage: pxl [-v] <command> [<args>]\n\n"
           "Domains and their devices on Proxenos. Commands, as of xl:\n\n");
    for ( i = 0; commands[i].name; i++ )
        printf("  %-23s %s\n", commands[i].name, commands[i].help);
    printf("\n'pxl help <command>' shows its arguments. The manual: pxl(1), "
           "pxl.cfg(5).\n");
    return EXIT_SUCCESS;
}

int options(int argc, char **argv, const char *shortopts,
            const struct option *longopts)
{
    static const struct option only_help[] = {{"help", 0, NULL, 'h'},
                                              {NULL, 0, NULL, 0}};
    static struct option *merged;
    char *shorts = xasprintf("%sh", shortopts);
    size_t n = 0;
    int c;

    while ( longopts && longopts[n].name )
        n++;
    merged = xrealloc(merged, (n + 2) * sizeof(*merged));
    if ( n )
        memcpy(merged, longopts, n * sizeof(*merged));
    memcpy(merged + n, only_help, sizeof(only_help));

    opterr = 0;
    c = getopt_long(argc, argv, shorts, merged, NULL);
    free(shorts);
    if ( c == 'h' )
        exit(help(argv[0]));
    if ( c != '?' )
        return c;

    if ( optopt && strchr(shortopts, optopt) )
        err("%s: option -%c needs a value", argv[0], optopt);
    else if ( optopt && !strncmp(argv[optind - 1], "--", 2) )
        err("%s: option %s needs a value", argv[0], argv[optind - 1]);
    else if ( optopt )
        err("%s: option -%c not supported; see 'pxl help %s'", argv[0], optopt,
            argv[0]);
    else
        err("%s: option %s not supported; see 'pxl help %s'", argv[0],
            argv[optind - 1], argv[0]);
    exit(EXIT_USAGE);
}

/* -f, -t, -T and -N change how xl treats its lock, terminal and messages. */
int main(int argc, char **argv)
{
    static const struct option longs[] = {{"help", 0, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const struct command *c;
    const char *name;
    int opt, rc;

    opterr = 0;
    while ( (opt = getopt_long(argc, argv, "+vftTNh", longs, NULL)) != -1 )
    {
        if ( opt == 'v' )
            verbosity++;
        else if ( opt == 'h' )
            return help(NULL);
        else if ( opt == '?' )
        {
            if ( optopt )
                err("unknown global option -%c; see 'pxl help'", optopt);
            else
                err("unknown global option %s; see 'pxl help'",
                    argv[optind - 1]);
            return EXIT_FAILURE;
        }
    }

    argc -= optind;
    argv += optind;
    optind = 0; /* getopt() begins anew, with other options */
    if ( !argc )
    {
        help(NULL);
        return EXIT_FAILURE;
    }

    name = argv[0];
    c = find(name);
    if ( !c && !strcmp(name, "help") )
        return help(argc > 1 ? argv[1] : NULL);
    if ( !c )
        return not_implemented(name);

    argv[0] = (char *)(uintptr_t)c->name;
    rc = c->run(argc, argv);
    if ( fflush(stdout) || ferror(stdout) )
    {
        err("cannot write the output: disk full or pipe closed?");
        return EXIT_FAILURE;
    }
    return rc;
}
