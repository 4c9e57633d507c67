/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * create.c - pxl create.
 *
 * The work is done by a child, which stays as the domain's monitor: hypercall
 * handles do not survive a fork. The parent keeps the terminal. They talk
 * over a socket pair:
 *
 *     child: makes the domain, sends its id
 *     parent: connects the console, if it is to, and sends a byte
 *     child: starts the domain, sends a byte, and becomes the monitor
 *
 * Either one's end is seen by the other as the end of the stream; a child
 * that loses its parent before the domain starts undoes it.
 */
#include "cmd.h"
#include "config.h"
#include "console.h"
#include "domain.h"
#include "dt.h"
#include "guest.h"
#include "interrupt.h"
#include "monitor.h"
#include "pxl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct create {
    const char *file;
    bool paused, console, exit_early, foreground, quiet, dry_run;
    struct cfg *cfg;
};

static int parse_args(int argc, char **argv, struct create *c)
{
    static const struct option longopts[] = {
        {"dryrun", no_argument, NULL, 'n'},
        {"quiet", no_argument, NULL, 'q'},
        {"defconfig", required_argument, NULL, 'f'},
        {"pause", no_argument, NULL, 'p'},
        {"vncviewer", no_argument, NULL, 'V'},
        {"vncviewer-autopass", no_argument, NULL, 'A'},
        /* xl's masks of all domains, of which there are none here */
        {"ignore-global-affinity-masks", no_argument, NULL, 'i'},
        {NULL, 0, NULL, 0}};
    int opt;

    while ( (opt = options(argc, argv, "pceFdqnVAf:", longopts)) != -1 )
        switch ( opt )
        {
        case 'p':
            c->paused = true;
            break;
        case 'c':
            c->console = true;
            break;
        case 'e':
            c->exit_early = true;
            break;
        case 'F':
            c->foreground = true;
            break;
        case 'd':
            verbosity++;
            break;
        case 'q':
            c->quiet = true;
            break;
        case 'n':
            c->dry_run = true;
            break;
        case 'f':
            c->file = optarg;
            break;
        case 'i':
            break;
        case 'V':
        case 'A':
            err("create: guests on Arm have no display to see by VNC; -c "
                "connects to their console");
            return -1;
        default:
            return -1;
        }
    return 0;
}

/* FILE [NAME=VALUE]...; a file may have a "=" in its path, a name not. */
static int load(int argc, char **argv, struct create *c)
{
    if ( !c->file )
    {
        if ( optind == argc )
            exit(usage(argv[0]));
        c->file = argv[optind++];
    }
    if ( !c->quiet )
        printf("Parsing config from %s\n", c->file);
    c->cfg = cfg_load(c->file);
    if ( !c->cfg )
        return -1;
    for ( ; optind < argc; optind++ )
        if ( cfg_add(c->cfg, argv[optind]) )
            return -1;
    return 0;
}

/* ---- child ---- */

static int send_bytes(int fd, const void *data, size_t size)
{
    return send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

static int receive(int fd, void *data, size_t size)
{
    ssize_t n;

    do
        n = recv(fd, data, size, MSG_WAITALL);
    while ( n < 0 && errno == EINTR && !interrupted() );
    return n == (ssize_t)size ? 0 : -1;
}

/* From the finished domain to the running one. */
static int start(const struct create *c, int domid, int fd)
{
    char go = 0;
    int rc;

    if ( send_bytes(fd, &domid, sizeof(domid)) ||
         receive(fd, &go, sizeof(go)) || interrupted() )
        return -1;
    rc = c->paused ? 0 : guest_unpause(domid);
    if ( rc )
    {
        err("cannot start domain %d: %s", domid, strerror(-rc));
        return -1;
    }
    return 0;
}

static int make(const struct create *c, const struct config *config, int fd)
{
    int domid;

    if ( guest_lock() )
        return -1;
    domid = guest_make(config);
    if ( domid > 0 && start(c, domid, fd) )
    {
        (void)guest_destroy(domid);
        domid = -1;
    }
    guest_unlock();
    return domid;
}

static int child(const struct create *c, int fd)
{
    struct config config;
    const char done = 1;
    int domid, rc = EXIT_SUCCESS;

    interrupt_catch();
    if ( config_read(c->cfg, nr_cpus(), &config) )
        return EXIT_FAILURE;
    domid = make(c, &config, fd);
    if ( domid > 0 )
    {
        cfg_unused(c->cfg);
        interrupt_default();
        if ( !c->foreground && !c->exit_early )
        {
            setsid();
            monitor_log(config.name);
        }
        (void)send_bytes(fd, &done, sizeof(done));
        close(fd);
        if ( !c->exit_early )
            rc = monitor_run(&config, domid);
    }
    config_free(&config);
    return domid > 0 ? rc : EXIT_FAILURE;
}

/* ---- parent ---- */

/* -1: the child says why. *@console: its terminal. */
static int follow(const struct create *c, int fd, int *console)
{
    const char go = 1;
    int domid;
    char done;

    if ( receive(fd, &domid, sizeof(domid)) )
        return -1;
    if ( c->console )
        *console = console_open(domid);
    if ( send_bytes(fd, &go, sizeof(go)) || receive(fd, &done, sizeof(done)) )
        return -1;
    return 0;
}

static int wait_child(pid_t pid)
{
    int status;

    while ( waitpid(pid, &status, 0) < 0 )
        if ( errno != EINTR )
            return EXIT_FAILURE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static int parent(const struct create *c, int fd, pid_t pid)
{
    int console = -1, rc;

    rc = follow(c, fd, &console);
    close(fd);
    interrupt_default();
    if ( rc )
        return wait_child(pid) ? EXIT_FAILURE : EXIT_SUCCESS;
    if ( console >= 0 )
        (void)console_run(console, CONSOLE_ESCAPE);
    if ( c->foreground || c->exit_early )
        return wait_child(pid);
    return c->console && console < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const struct create *c)
{
    int fd[2];
    pid_t pid;

    if ( socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) )
    {
        err("create: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    fflush(stdout);
    /* Ctrl-C reaches both; the child undoes, and the parent waits for it. */
    interrupt_ignore();
    pid = fork();
    if ( pid == 0 )
    {
        close(fd[0]);
        exit(child(c, fd[1]));
    }
    close(fd[1]);
    if ( pid < 0 )
    {
        err("create: cannot fork: %s", strerror(errno));
        close(fd[0]);
        return EXIT_FAILURE;
    }
    return parent(c, fd[0], pid);
}

static int dry_run(const struct create *c)
{
    struct dt_config dt = {.nr = 0};
    struct config config;
    size_t nr_pci;
    int rc;

    if ( config_read(c->cfg, nr_cpus(), &config) )
        return EXIT_FAILURE;
    rc = guest_check_pci(&config, &nr_pci) || dt_config(c->cfg, false, &dt);
    dt_config_free(&dt);
    if ( rc )
    {
        config_free(&config);
        return EXIT_FAILURE;
    }
    if ( !c->quiet )
        printf("%s: %llu MiB, %u vCPUs, %zu disks, %zu network interfaces, "
               "%zu PCI devices\n",
               config.name, (unsigned long long)config.memory_kib >> 10,
               config.vcpus, config.nr_disks, config.nr_nics, nr_pci);
    cfg_unused(c->cfg);
    config_free(&config);
    return EXIT_SUCCESS;
}

int cmd_create(int argc, char **argv)
{
    struct create c = {.file = NULL};
    int rc = EXIT_FAILURE;

    if ( parse_args(argc, argv, &c) )
        return EXIT_FAILURE;
    if ( !load(argc, argv, &c) )
        rc = c.dry_run ? dry_run(&c) : run(&c);
    cfg_free(c.cfg);
    return rc;
}
