/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that start.S shares with C. No lock; nothing else belongs here. */
#ifndef PAYLOAD_LAYOUT_H
#define PAYLOAD_LAYOUT_H

#define CPU_SIZE 16384 /* struct cpu, its stack at the end */

#endif
