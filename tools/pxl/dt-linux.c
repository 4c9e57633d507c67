/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dt-linux.c - platform devices of dom0's Linux, by their nodes, in sysfs. */
#include "dt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pci-linux.h"
#include "pxl.h"

#define PLATFORM "/sys/bus/platform"
#define TREE     "/sys/firmware/devicetree/base"

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = 0;

    if ( fd < 0 )
        return -errno;
    if ( write(fd, text, strlen(text)) < 0 )
        rc = -errno;
    close(fd);
    return rc;
}

/* "ee100000.mmc"; to be freed, NULL: Linux has no such device. */
static char *find(const char *path)
{
    DIR *dir = opendir(PLATFORM "/devices");
    struct dirent *e;
    char *name = NULL;

    while ( dir && !name && (e = readdir(dir)) != NULL )
    {
        char *link = xasprintf(PLATFORM "/devices/%s/of_node", e->d_name);
        char *real = realpath(link, NULL);

        if ( real && strncmp(real, TREE, strlen(TREE)) == 0 &&
             strcmp(real + strlen(TREE), path) == 0 )
            name = xstrdup(e->d_name);
        free(real);
        free(link);
    }
    if ( dir )
        closedir(dir);
    return name;
}

static int unbind(const char *path, const char *name)
{
    char *folder = xasprintf(PLATFORM "/devices/%s", name);
    char *file = xasprintf("%s/driver/unbind", folder);
    char *user = linux_user_at(folder);
    int rc = 0;

    if ( user )
        err("%s: dom0 uses it: %s; stop that first", path, user);
    else
    {
        rc = write_file(file, name);
        if ( rc == -ENOENT ) /* it has no driver */
            rc = 0;
        if ( rc )
            err("%s: dom0's Linux does not let go of %s: %s", path, name,
                strerror(-rc));
    }
    rc = rc || user ? -1 : 0;
    free(user);
    free(file);
    free(folder);
    return rc;
}

int dt_linux_let_go(const char *path)
{
    char *name = find(path);
    int rc = name ? unbind(path, name) : 0;

    free(name);
    return rc;
}

int dt_linux_bind(const char *path)
{
    char *name = find(path);
    int rc = name ? write_file(PLATFORM "/drivers_probe", name) : 0;

    if ( rc )
        err("%s: dom0's Linux finds no driver for %s: %s", path, name,
            strerror(-rc));
    free(name);
    return rc ? -1 : 0;
}
