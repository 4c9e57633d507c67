/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen-calls.c - event channels from user space of dom0: a port bound to
 * another of the same domain, 1000 notifications, none lost, none too many.
 *
 * The device's interface is Linux's (include/uapi/xen/evtchn.h): ioctls to
 * bind and notify, 32-bit port numbers to read (fired) and write (unmask).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVTCHN_BIND_INTERDOMAIN  _IOC(_IOC_NONE, 'E', 1, 8)
#define EVTCHN_BIND_UNBOUND_PORT _IOC(_IOC_NONE, 'E', 2, 4)
#define EVTCHN_UNBIND            _IOC(_IOC_NONE, 'E', 3, 4)
#define EVTCHN_NOTIFY            _IOC(_IOC_NONE, 'E', 4, 4)

#define DOM0   0U
#define ROUNDS 1000

static void fail(const char *what)
{
    printf("PX-TEST: xen-evtchn: FAIL %s: %s\n", what, strerror(errno));
    exit(1);
}

/* The next port that fired, within 10 s, unmasked again. */
static uint32_t next_event(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint32_t port;

    errno = ETIMEDOUT;
    if ( poll(&p, 1, 10000) != 1 || read(fd, &port, 4) != 4 )
        fail("waiting for an event");
    if ( write(fd, &port, 4) != 4 )
        fail("unmask");
    return port;
}

int main(void)
{
    int fd = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC);
    uint32_t unbound = DOM0;
    struct {
        uint32_t domain, port;
    } other = {DOM0, 0};
    struct {
        uint32_t port;
    } notify;
    int a, b;

    if ( fd < 0 )
        fail("open");
    a = ioctl(fd, EVTCHN_BIND_UNBOUND_PORT, &unbound);
    if ( a < 0 )
        fail("bind an unbound port");
    other.port = (uint32_t)a;
    b = ioctl(fd, EVTCHN_BIND_INTERDOMAIN, &other);
    if ( b < 0 )
        fail("bind to it");

    /* Binding marks the new port pending once. */
    if ( next_event(fd) != (uint32_t)b )
        fail("the first event comes from another port");

    for ( int i = 0; i < ROUNDS; i++ )
    {
        uint32_t to = i & 1 ? (uint32_t)a : (uint32_t)b;

        /* Sent on one end, it fires at the other. */
        notify.port = to == (uint32_t)a ? (uint32_t)b : (uint32_t)a;
        if ( ioctl(fd, EVTCHN_NOTIFY, &notify) != 0 )
            fail("notify");
        if ( next_event(fd) != to )
            fail("an event at the wrong port");
    }

    struct pollfd p = {.fd = fd, .events = POLLIN};
    if ( poll(&p, 1, 200) != 0 )
        fail("an event too many");
    notify.port = (uint32_t)b;
    if ( ioctl(fd, EVTCHN_UNBIND, &notify) != 0 )
        fail("unbind");
    printf("PX-TEST: xen-evtchn: PASS %d events, ports %d and %d\n", ROUNDS, a,
           b);
    return 0;
}
