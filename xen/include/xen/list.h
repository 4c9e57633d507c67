/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Circular doubly linked lists with an embedded node. The caller locks. */
#ifndef XEN_LIST_H
#define XEN_LIST_H

#include <xen/lib.h>

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)                                                   \
    {                                                                          \
        &(name), &(name)                                                       \
    }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *h)
{
    h->next = h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
    return h->next == h;
}

static inline void list_insert_between_(struct list_head *n,
                                        struct list_head *prev,
                                        struct list_head *next)
{
    next->prev = n;
    n->next = next;
    n->prev = prev;
    prev->next = n;
}

/* list_add - insert after the head: a stack. */
static inline void list_add(struct list_head *n, struct list_head *h)
{
    list_insert_between_(n, h, h->next);
}

/* list_add_tail - insert before the head: a queue. */
static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
    list_insert_between_(n, h->prev, h);
}

/* list_del - unlink and make the node an empty list of its own. */
static inline void list_del(struct list_head *n)
{
    n->next->prev = n->prev;
    n->prev->next = n->next;
    list_init(n);
}

#define list_entry(ptr, type, member)     container_of(ptr, type, member)
#define list_first_entry(h, type, member) list_entry((h)->next, type, member)

#define list_for_each_entry(pos, h, member)                                    \
    for ( (pos) = list_entry((h)->next, __typeof__(*(pos)), member);           \
          &(pos)->member != (h);                                               \
          (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member) )

#define list_for_each_entry_safe(pos, tmp, h, member)                          \
    for ( (pos) = list_entry((h)->next, __typeof__(*(pos)), member),           \
          (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member);  \
          &(pos)->member != (h); (pos) = (tmp),                                \
          (tmp) = list_entry((tmp)->member.next, __typeof__(*(tmp)), member) )

#endif /* XEN_LIST_H */
