/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device registers on the host: the test that models the device answers. */
#ifndef ASM_IO_H
#define ASM_IO_H

#include <stdint.h>

uint64_t host_mmio_read(const volatile void *addr, unsigned int size);
void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value);

#define IO_ACCESSORS(bits)                                                     \
    static inline uint##bits##_t read##bits(const volatile void *addr)         \
    {                                                                          \
        return (uint##bits##_t)host_mmio_read(addr, bits / 8);                 \
    }                                                                          \
    static inline void write##bits(volatile void *addr, uint##bits##_t value)  \
    {                                                                          \
        host_mmio_write(addr, bits / 8, value);                                \
    }

IO_ACCESSORS(8)
IO_ACCESSORS(16)
IO_ACCESSORS(32)
IO_ACCESSORS(64)

#endif /* ASM_IO_H */
