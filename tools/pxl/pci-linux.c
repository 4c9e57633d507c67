/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-linux.c - who uses a PCI device in dom0, and how Linux lets go of it.
 *
 * A device's disks and interfaces are the folders below its own in sysfs that
 * belong to the subsystems "block" and "net".
 */
#include "pci-linux.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pxl.h"

#define SYS_PCI "/sys/bus/pci"

/* One line of a small file, without its end; to be freed, NULL: none. */
static char *read_line(const char *path)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t len = f ? getline(&line, &size, f) : -1;

    if ( f )
        fclose(f);
    if ( len < 0 )
    {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t done;

    if ( fd < 0 )
        return -errno;
    done = write(fd, text, strlen(text));
    if ( done < 0 )
        done = -errno;
    close(fd);
    return done < 0 ? (int)done : 0;
}

/* The last part of a symbolic link's target; to be freed, NULL: none. */
static char *link_name(const char *path)
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    const char *slash;

    if ( len < 0 )
        return NULL;
    target[len] = '\0';
    slash = strrchr(target, '/');
    return xstrdup(slash ? slash + 1 : target);
}

/* ---- disks ---- */

/* Where the block device MAJOR:MINOR is mounted; to be freed, NULL: nowhere. */
static char *mounted_on(const char *number)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    char *line = NULL, *where = NULL;
    size_t size = 0;

    while ( f && !where && getline(&line, &size, f) >= 0 )
    {
        char dev[32], at[PATH_MAX];

        if ( sscanf(line, "%*s %*s %31s %*s %4095s", dev, at) == 2 &&
             strcmp(dev, number) == 0 )
            where = xstrdup(at);
    }
    free(line);
    if ( f )
        fclose(f);
    return where;
}

static bool is_swap(const char *name)
{
    FILE *f = fopen("/proc/swaps", "re");
    char *line = NULL;
    size_t size = 0, len = strlen(name);
    bool found = false;

    while ( f && !found && getline(&line, &size, f) >= 0 )
        found = strncmp(line, "/dev/", 5) == 0 &&
                strncmp(line + 5, name, len) == 0 && line[5 + len] == ' ';
    free(line);
    if ( f )
        fclose(f);
    return found;
}

/* What is stacked on it, such as dm-0; to be freed, NULL: nothing. */
static char *holder(const char *folder)
{
    char *path = xasprintf("%s/holders", folder), *name = NULL;
    DIR *dir = opendir(path);
    struct dirent *e;

    while ( dir && !name && (e = readdir(dir)) != NULL )
        if ( e->d_name[0] != '.' )
            name = xstrdup(e->d_name);
    if ( dir )
        closedir(dir);
    free(path);
    return name;
}

/* The kernel refuses a second exclusive user: that tells of the first. */
static bool is_claimed(const char *name)
{
    char *path = xasprintf("/dev/%s", name);
    int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
    bool claimed = fd < 0 && errno == EBUSY;

    if ( fd >= 0 )
        close(fd);
    free(path);
    return claimed;
}

/* A partition in use makes its disk one that is claimed: who has it is said of
 * the partition, first. */
static bool last_resort;

static char *disk_user(const char *folder, const char *name)
{
    char *path = xasprintf("%s/dev", folder), *number = read_line(path);
    char *where = number ? mounted_on(number) : NULL, *text = NULL;
    char *above = where ? NULL : holder(folder);

    if ( where )
        text = xasprintf("/dev/%s is mounted on %s", name, where);
    else if ( above )
        text = xasprintf("/dev/%s is part of /dev/%s", name, above);
    else if ( is_swap(name) )
        text = xasprintf("/dev/%s is swap space", name);
    else if ( last_resort && is_claimed(name) )
        text = xasprintf("/dev/%s is in use (by another domain, or a program "
                         "that opened it exclusively)",
                         name);
    free(above);
    free(where);
    free(number);
    free(path);
    return text;
}

/* ---- network interfaces ---- */

static bool is_up(const char *folder)
{
    char *path = xasprintf("%s/flags", folder), *flags = read_line(path);
    bool up = flags && strtoul(flags, NULL, 0) & IFF_UP;

    free(flags);
    free(path);
    return up;
}

/* An address that somebody gave it; to be freed, NULL: none. */
static char *address(const char *name)
{
    struct ifaddrs *all, *a;
    char *text = NULL;

    if ( getifaddrs(&all) != 0 )
        return NULL;
    for ( a = all; a && !text; a = a->ifa_next )
    {
        char buf[INET6_ADDRSTRLEN] = "";

        if ( !a->ifa_addr || strcmp(a->ifa_name, name) != 0 )
            continue;
        if ( a->ifa_addr->sa_family == AF_INET )
        {
            struct sockaddr_in in;

            memcpy(&in, a->ifa_addr, sizeof(in));
            inet_ntop(AF_INET, &in.sin_addr, buf, sizeof(buf));
        }
        else if ( a->ifa_addr->sa_family == AF_INET6 )
        {
            struct sockaddr_in6 in;

            memcpy(&in, a->ifa_addr, sizeof(in));
            /* Link-local ones come by themselves. */
            if ( !IN6_IS_ADDR_LINKLOCAL(&in.sin6_addr) )
                inet_ntop(AF_INET6, &in.sin6_addr, buf, sizeof(buf));
        }
        if ( buf[0] )
            text = xstrdup(buf);
    }
    freeifaddrs(all);
    return text;
}

static char *net_user(const char *folder, const char *name)
{
    char *path = xasprintf("%s/master", folder), *master = link_name(path);
    char *text = NULL, *addr;

    if ( master )
        text = xasprintf("network interface %s is a port of %s", name, master);
    else if ( is_up(folder) && (addr = address(name)) != NULL )
    {
        text = xasprintf("network interface %s is up, with address %s", name,
                         addr);
        free(addr);
    }
    free(master);
    free(path);
    return text;
}

/* ---- the device ---- */

static char *user; /* nftw() has no argument of ours */

static int visit(const char *folder, const struct stat *st, int type,
                 struct FTW *ftw);

/* A path of a multipath NVMe namespace: its disk, "nvme0n1" of nvme0c1n1. */
static char *multipath_disk(const char *name)
{
    unsigned int subsystem, controller, ns;
    char end;

    if ( sscanf(name, "nvme%uc%un%u%c", &subsystem, &controller, &ns, &end) !=
         3 )
        return NULL;
    return xasprintf("nvme%un%u", subsystem, ns);
}

static void visit_disk(const char *folder, const char *name)
{
    char *disk = multipath_disk(name);

    if ( disk )
    {
        char *link = xasprintf("/sys/class/block/%s", disk);
        char *real = realpath(link, NULL);

        if ( real )
            nftw(real, visit, 16, FTW_PHYS);
        free(real);
        free(link);
        free(disk);
    }
    else
        user = disk_user(folder, name);
}

static int visit(const char *folder, const struct stat *st, int type,
                 struct FTW *ftw)
{
    const char *name = folder + ftw->base;
    char *path, *subsystem;

    (void)st;
    if ( user || type != FTW_D )
        return user != NULL;
    path = xasprintf("%s/subsystem", folder);
    subsystem = link_name(path);
    if ( subsystem && strcmp(subsystem, "block") == 0 )
        visit_disk(folder, name);
    else if ( subsystem && strcmp(subsystem, "net") == 0 )
        user = net_user(folder, name);
    free(subsystem);
    free(path);
    return user != NULL;
}

char *linux_user_at(const char *folder)
{
    char *path = xasprintf("%s/.", folder);
    char *real = realpath(path, NULL);

    user = NULL;
    for ( int pass = 0; real && !user && pass < 2; pass++ )
    {
        last_resort = pass > 0;
        nftw(real, visit, 16, FTW_PHYS);
    }
    free(real);
    free(path);
    return user;
}

char *linux_user(const char *bdf)
{
    char *path = xasprintf(SYS_PCI "/devices/%s", bdf);
    char *who = linux_user_at(path);

    free(path);
    return who;
}

static int unbind(const char *bdf)
{
    char *path = xasprintf(SYS_PCI "/devices/%s/driver/unbind", bdf);
    int rc = write_file(path, bdf);

    if ( rc == -ENOENT ) /* it has no driver */
        rc = 0;
    if ( rc < 0 )
        err("%s: dom0's driver does not let go of it: %s", bdf, strerror(-rc));
    free(path);
    return rc < 0 ? -1 : 0;
}

static int set_override(const char *bdf, const char *driver)
{
    char *path = xasprintf(SYS_PCI "/devices/%s/driver_override", bdf);
    int rc = write_file(path, driver);

    if ( rc < 0 )
        err("%s: %s", path, strerror(-rc));
    free(path);
    return rc < 0 ? -1 : 0;
}

int linux_no_driver(const char *bdf)
{
    /* A probe under way is waited for, one still to come finds no match. */
    return set_override(bdf, "none") != 0 ? -1 : unbind(bdf);
}

int linux_driver(const char *bdf)
{
    int rc;

    if ( set_override(bdf, "\n") != 0 )
        return -1;
    rc = write_file(SYS_PCI "/drivers_probe", bdf);
    if ( rc < 0 )
        err("%s: dom0's Linux gives it no driver: %s", bdf, strerror(-rc));
    return rc < 0 ? -1 : 0;
}

int linux_let_go(const char *bdf)
{
    char *remove = xasprintf(SYS_PCI "/devices/%s/remove", bdf);
    int rc = 0;

    if ( access(remove, F_OK) == 0 )
    {
        rc = unbind(bdf);
        if ( rc == 0 && (rc = write_file(remove, "1")) < 0 )
            err("%s: dom0's Linux does not let go of it: %s", bdf,
                strerror(-rc));
    }
    free(remove);
    return rc < 0 ? -1 : 0;
}

int linux_rescan(void)
{
    int rc = write_file(SYS_PCI "/rescan", "1");

    if ( rc < 0 )
        err("dom0's Linux does not look for PCI devices: " SYS_PCI
            "/rescan: %s",
            strerror(-rc));
    return rc < 0 ? -1 : 0;
}
