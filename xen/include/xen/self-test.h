/* SPDX-License-Identifier: GPL-2.0-or-later */
/* self_test - short checks at boot of debug builds, one line each. */
#ifndef XEN_SELF_TEST_H
#define XEN_SELF_TEST_H

#ifdef CONFIG_DEBUG
void self_test(void);
#else
static inline void self_test(void)
{
}
#endif

#endif /* XEN_SELF_TEST_H */
