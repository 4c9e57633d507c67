/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loopdev.c - loop devices by ioctl, as losetup(8); see loopdev.h. */
#include "loopdev.h"
#include "pvdev.h"
#include "pxl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/loop.h>

#define CONTROL    "/dev/loop-control"
#define LOOP_MAJOR 7U
#define TRIES      16U

static int open_control(void)
{
    int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

    if ( fd < 0 )
    {
        module_load("loop");
        fd = open(CONTROL, O_RDWR | O_CLOEXEC);
    }
    if ( fd < 0 )
        err("cannot open %s: %s; load the module loop", CONTROL,
            strerror(errno));
    return fd;
}

/* devtmpfs makes the node; without it we do. */
static int open_loop(const char *path, unsigned int nr)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if ( fd < 0 && errno == ENOENT &&
         !mknod(path, S_IFBLK | 0600, makedev(LOOP_MAJOR, nr)) )
        fd = open(path, O_RDWR | O_CLOEXEC);
    return fd;
}

static void set_name(int loop, const char *file, bool readonly)
{
    struct loop_info64 info = {.lo_flags = readonly ? LO_FLAGS_READ_ONLY : 0};

    strncpy((char *)info.lo_file_name, file, LO_NAME_SIZE - 1);
    (void)ioctl(loop, LOOP_SET_STATUS64, &info);
}

/* Another program may take the free one first: -EBUSY. */
static int try_attach(int control, int file, const char *name, bool readonly,
                      char **path)
{
    int nr = ioctl(control, LOOP_CTL_GET_FREE), loop, rc = 0;

    if ( nr < 0 )
        return -errno;
    *path = xasprintf("/dev/loop%d", nr);
    loop = open_loop(*path, (unsigned int)nr);
    if ( loop < 0 || ioctl(loop, LOOP_SET_FD, file) )
        rc = -errno;
    else
        set_name(loop, name, readonly);
    if ( loop >= 0 )
        close(loop);
    if ( rc )
    {
        free(*path);
        *path = NULL;
    }
    return rc;
}

char *loop_attach(const char *file, bool readonly)
{
    int fd = open(file, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    int control, rc = -EBUSY;
    char *path = NULL;

    if ( fd < 0 )
    {
        err("cannot open %s: %s", file, strerror(errno));
        return NULL;
    }
    control = open_control();
    for ( unsigned int i = 0; control >= 0 && rc == -EBUSY && i < TRIES; i++ )
        rc = try_attach(control, fd, file, readonly, &path);
    if ( control >= 0 )
        close(control);
    if ( control >= 0 && rc )
        err("no loop device for %s: %s", file, strerror(-rc));
    close(fd);
    return path;
}

void loop_detach(const char *device)
{
    int fd = open(device, O_RDWR | O_CLOEXEC);

    if ( fd < 0 || (ioctl(fd, LOOP_CLR_FD, 0) && errno != ENXIO) )
        warn("cannot free %s: %s", device, strerror(errno));
    if ( fd >= 0 )
        close(fd);
}
