/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hyp.c - hypercalls. An argument is copied into memory that the hypervisor
 * may write (privcmd's, never paged out), and back.
 */
#include "hyp.h"
#include "pxl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xencall.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>

/* The libraries would print what the caller has better words for. */
static xentoollog_logger *quiet(void)
{
    static xentoollog_logger *log;

    if ( !log )
        log = (xentoollog_logger *)xtl_createlogger_stdiostream(
            stderr, XTL_CRITICAL, 0);
    return log;
}

static void cannot_open(void)
{
    err("cannot reach the hypervisor: /dev/xen/privcmd: %s%s", strerror(errno),
        errno == ENOENT || errno == ENODEV
            ? "; is this dom0, with the module xen-privcmd?"
            : "; run as root");
    exit(EXIT_FAILURE);
}

static xencall_handle *handle(void)
{
    static xencall_handle *xc;

    if ( !xc )
        xc = xencall_open(quiet(), 0);
    if ( !xc )
        cannot_open();
    return xc;
}

static xenforeignmemory_handle *memory_handle(void)
{
    static xenforeignmemory_handle *fm;

    if ( !fm )
        fm = xenforeignmemory_open(quiet(), 0);
    if ( !fm )
        cannot_open();
    return fm;
}

void *hyp_buffer(size_t size)
{
    void *buf = xencall_alloc_buffer(handle(), size);

    if ( !buf )
    {
        err("out of memory for a hypercall");
        exit(EXIT_FAILURE);
    }
    return memset(buf, 0, size);
}

void hyp_buffer_free(void *buf, size_t size)
{
    (void)size;
    if ( buf )
        xencall_free_buffer(handle(), buf);
}

static int result(int rc)
{
    return rc < 0 ? -errno : rc;
}

int hyp_call2(unsigned int nr, uint64_t cmd, void *arg, size_t size)
{
    void *buf;
    int rc;

    if ( !arg )
        return result(xencall2(handle(), nr, cmd, 0));
    buf = hyp_buffer(size);
    memcpy(buf, arg, size);
    rc = result(xencall2(handle(), nr, cmd, (uintptr_t)buf));
    memcpy(arg, buf, size);
    hyp_buffer_free(buf, size);
    return rc;
}

/* Calls with one argument, whose structure begins with the command. */
static int call1(unsigned int nr, void *arg, size_t size)
{
    void *buf = hyp_buffer(size);
    int rc;

    memcpy(buf, arg, size);
    rc = result(xencall1(handle(), nr, (uintptr_t)buf));
    memcpy(arg, buf, size);
    hyp_buffer_free(buf, size);
    return rc;
}

int hyp_domctl(uint32_t cmd, uint16_t domid, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return call1(__HYPERVISOR_domctl, op, sizeof(*op));
}

int hyp_sysctl(uint32_t cmd, struct xen_sysctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return call1(__HYPERVISOR_sysctl, op, sizeof(*op));
}

int hyp_px(uint32_t cmd, struct proxenos_op *op)
{
    op->cmd = cmd;
    op->version = PROXENOS_OP_VERSION;
    return call1(__HYPERVISOR_proxenos_op, op, sizeof(*op));
}

int hyp_memory(unsigned int cmd, void *arg, size_t size)
{
    return hyp_call2(__HYPERVISOR_memory_op, cmd, arg, size);
}

void *hyp_map(uint16_t domid, const xen_pfn_t *gfns, size_t nr)
{
    return xenforeignmemory_map(memory_handle(), domid, PROT_READ | PROT_WRITE,
                                nr, gfns, NULL);
}

void hyp_unmap(void *addr, size_t nr)
{
    if ( addr )
        xenforeignmemory_unmap(memory_handle(), addr, nr);
}

int hyp_set_param(uint16_t domid, uint32_t index, uint64_t value)
{
    struct xen_hvm_param p = {.domid = domid, .index = index, .value = value};

    return hyp_call2(__HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p));
}

int hyp_get_param(uint16_t domid, uint32_t index, uint64_t *value)
{
    struct xen_hvm_param p = {.domid = domid, .index = index};
    int rc = hyp_call2(__HYPERVISOR_hvm_op, HVMOP_get_param, &p, sizeof(p));

    if ( rc >= 0 )
        *value = p.value;
    return rc;
}
