/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console.c - a domain's console; see console.h. */
#include "console.h"
#include "cmd.h"
#include "pxl.h"
#include "xs.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#define TTY_MS 10000U

/* ---- opening ---- */

static char *wait_tty(int domid)
{
    uint64_t end = now_ms() + TTY_MS;
    char *tty;

    for ( ;; )
    {
        tty = xs_get("/local/domain/%d/console/tty", domid);
        if ( tty && *tty )
            return tty;
        free(tty);
        if ( now_ms() >= end || !xs_conn() )
            return NULL;
        wait_ms(20);
    }
}

/* Bytes as they are, in both directions. */
static int make_raw(int fd, struct termios *old)
{
    struct termios t;

    if ( tcgetattr(fd, old) )
        return -1;
    t = *old;
    cfmakeraw(&t);
    return tcsetattr(fd, TCSANOW, &t);
}

int console_open(int domid)
{
    char *tty = wait_tty(domid);
    struct termios unused;
    int fd;

    if ( !tty )
    {
        err("domain %d has no console yet: is xenconsoled running?", domid);
        return -1;
    }
    fd = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if ( fd < 0 )
        err("cannot open the console of domain %d, %s: %s", domid, tty,
            strerror(errno));
    else if ( flock(fd, LOCK_EX | LOCK_NB) )
    {
        err("the console of domain %d, %s, is in use by another program", domid,
            tty);
        close(fd);
        fd = -1;
    }
    else
        (void)make_raw(fd, &unused);
    free(tty);
    return fd;
}

/* ---- running ---- */

static struct termios terminal;
static bool terminal_is_raw;

static void restore_terminal(void)
{
    if ( terminal_is_raw )
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
    terminal_is_raw = false;
}

static void end_by_signal(int sig)
{
    restore_terminal();
    signal(sig, SIG_DFL);
    raise(sig);
}

static int write_all(int fd, const char *data, size_t size)
{
    while ( size )
    {
        ssize_t n = write(fd, data, size);

        if ( n < 0 && errno != EINTR )
            return -1;
        if ( n > 0 )
        {
            data += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

/* From the user: false when it is the end. */
static bool pass_input(int fd, char escape, struct pollfd *in)
{
    char buf[512], *at;
    ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

    if ( n < 0 )
        return errno == EINTR || errno == EAGAIN;
    if ( !n )
    {
        /* a file or pipe that has ended: output goes on */
        in->fd = -1;
        return !terminal_is_raw;
    }
    at = memchr(buf, escape, (size_t)n);
    if ( write_all(fd, buf, at ? (size_t)(at - buf) : (size_t)n) )
        return false;
    return !at;
}

/* From the guest; the end is xenconsoled's hanging up. */
static bool pass_output(int fd)
{
    char buf[4096];
    ssize_t n = read(fd, buf, sizeof(buf));

    if ( n < 0 )
        return errno == EINTR || errno == EAGAIN;
    return n > 0 && !write_all(STDOUT_FILENO, buf, (size_t)n);
}

int console_run(int fd, char escape)
{
    struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                          {.fd = fd, .events = POLLIN}};
    bool go_on = true;

    fflush(stdout);
    if ( isatty(STDIN_FILENO) && !make_raw(STDIN_FILENO, &terminal) )
    {
        terminal_is_raw = true;
        signal(SIGTERM, end_by_signal);
        signal(SIGHUP, end_by_signal);
    }
    while ( go_on )
    {
        if ( poll(p, 2, -1) < 0 )
            go_on = errno == EINTR;
        else if ( p[1].revents )
            go_on = pass_output(fd);
        else if ( p[0].revents )
            go_on = pass_input(fd, escape, &p[0]);
    }
    if ( terminal_is_raw )
        (void)write_all(STDOUT_FILENO, "\r\n", 2);
    restore_terminal();
    close(fd);
    return 0;
}

/* ---- the command ---- */

/* "^]", or the character itself. */
static int escape_arg(const char *arg, char *escape)
{
    if ( arg[0] == '^' && arg[1] && !arg[2] )
        *escape = (char)(arg[1] & 0x1f);
    else if ( arg[0] && !arg[1] )
        *escape = arg[0];
    else
    {
        err("console: '%s' is no escape character: ^] or a single one", arg);
        return -1;
    }
    return 0;
}

static int option_arg(int opt, const char *arg, char *escape)
{
    if ( opt == 't' && strcmp(arg, "pv") != 0 )
        err("console: type '%s' is not supported: guests have a pv console",
            arg);
    else if ( opt == 'n' && strcmp(arg, "0") != 0 )
        err("console: there is no console %s; guests have number 0", arg);
    else if ( opt == 'e' )
        return escape_arg(arg, escape);
    else
        return opt == 't' || opt == 'n' ? 0 : -1;
    return -1;
}

int cmd_console(int argc, char **argv)
{
    char escape = CONSOLE_ESCAPE;
    int opt, domid, fd;

    while ( (opt = options(argc, argv, "t:n:e:", NULL)) != -1 )
        if ( option_arg(opt, optarg, &escape) )
            return EXIT_FAILURE;
    if ( argc - optind != 1 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    if ( domid == 0 )
    {
        err("console: this is dom0: its console is the hypervisor's");
        return EXIT_FAILURE;
    }
    fd = console_open(domid);
    return fd < 0 || console_run(fd, escape) ? EXIT_FAILURE : EXIT_SUCCESS;
}
