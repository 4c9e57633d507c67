/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's kernel and ramdisk: files of dom0 as bytes in memory. */
#ifndef PXL_IMAGE_H
#define PXL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image {
    void *data;
    size_t size;
    bool mapped; /* of a file, not allocated */
};

/* image_open - the file's bytes. @why: what is wrong, to be freed. */
int image_open(const char *file, struct image *image, char **why);
void image_close(struct image *image);

struct kernel_header {
    uint64_t text_offset;
    uint64_t memory; /* bytes it uses from its start on, bss included */
};

/*
 * image_kernel - what an arm64 Image says of itself. One that is compressed
 * with gzip, alone or as EFI zboot, is expanded in place of @image.
 */
int image_kernel(struct image *image, struct kernel_header *header, char **why);

#endif /* PXL_IMAGE_H */
