/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error numbers, as guests see them in hypercall results: those of Xen's
 * public errno.h, which are Linux's. Functions return them negated.
 */
#ifndef XEN_ERRNO_H
#define XEN_ERRNO_H

#define EPERM         1 /* not permitted */
#define ENOENT        2 /* no such thing */
#define ESRCH         3 /* no such domain */
#define EINTR         4 /* interrupted */
#define EIO           5 /* the device failed */
#define ENXIO         6 /* no such device or address */
#define E2BIG         7 /* too much of it */
#define ENOEXEC       8 /* not an executable */
#define EBADF         9 /* bad handle */
#define ECHILD        10
#define EAGAIN        11 /* not yet: defer and try again */
#define EWOULDBLOCK   EAGAIN
#define ENOMEM        12 /* memory, or the domain's pool, is out */
#define EACCES        13 /* rights are missing */
#define EFAULT        14 /* bad guest address */
#define EBUSY         16 /* in use */
#define EEXIST        17 /* there is one already */
#define EXDEV         18 /* belongs to another */
#define ENODEV        19 /* not a device for us */
#define ENOTDIR       20
#define EISDIR        21
#define EINVAL        22 /* the caller's argument */
#define ENFILE        23
#define EMFILE        24
#define ENOSPC        28 /* no room */
#define EROFS         30
#define EMLINK        31
#define EDOM          33
#define ERANGE        34 /* outside what can be expressed */
#define EDEADLK       35
#define ENAMETOOLONG  36
#define ENOLCK        37
#define ENOSYS        38 /* no such call */
#define ENOTEMPTY     39
#define ENODATA       61
#define ETIME         62
#define EBADMSG       74
#define EOVERFLOW     75
#define EILSEQ        84
#define ERESTART      85 /* preempted: call again to continue */
#define ENOTSOCK      88
#define EMSGSIZE      90
#define EOPNOTSUPP    95 /* known, and not offered */
#define ENOTSUP       EOPNOTSUPP
#define EADDRINUSE    98
#define EADDRNOTAVAIL 99
#define ENOBUFS       105
#define EISCONN       106
#define ENOTCONN      107
#define ETIMEDOUT     110 /* a device stayed silent */
#define ECONNREFUSED  111
#define EALREADY      114

#endif /* XEN_ERRNO_H */
