/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image.c - kernels and ramdisks; see image.h.
 * The header: Linux, Documentation/arm64/booting.rst.
 */
#include "image.h"
#include "pxl.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

struct arm64_header {
    uint32_t code[2];
    uint64_t text_offset;
    uint64_t image_size; /* 0: before Linux 3.17 */
    uint64_t flags;
    uint64_t reserved[3];
    uint32_t magic;
    uint32_t pe_offset;
};
_Static_assert(sizeof(struct arm64_header) == 64, "header");

#define ARM64_MAGIC       0x644d5241U /* "ARM\x64" */
#define FLAG_BIG_ENDIAN   1U
#define OLD_TEXT_OFFSET   0x80000U
#define OLD_MEMORY_MARGIN 0x200000U /* its bss: it does not say */

/* EFI zboot: "MZ", then at 4 "zimg", where the payload is, and its kind. */
struct zboot_header {
    uint8_t mz[4], magic[4];
    uint32_t offset, size;
    uint32_t reserved[2];
    char type[32];
};

int image_open(const char *file, struct image *image, char **why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;

    memset(image, 0, sizeof(*image));
    *why = NULL;
    if ( fd < 0 || fstat(fd, &st) )
        *why = xasprintf("cannot open it: %s", strerror(errno));
    else if ( !S_ISREG(st.st_mode) )
        *why = xstrdup("it is no file");
    else if ( !st.st_size )
        *why = xstrdup("it is empty");
    else
    {
        image->size = (size_t)st.st_size;
        image->data = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, fd, 0);
        image->mapped = true;
        if ( image->data == MAP_FAILED )
            *why = xasprintf("cannot read it: %s", strerror(errno));
    }
    if ( fd >= 0 )
        close(fd);
    return *why ? -1 : 0;
}

void image_close(struct image *image)
{
    if ( image->mapped && image->data != MAP_FAILED )
        munmap(image->data, image->size);
    else if ( !image->mapped )
        free(image->data);
    memset(image, 0, sizeof(*image));
}

/* ---- gzip ---- */

#define EXPANDED_MAX (1ULL << 30)
#define GZIP_WINDOW  (15 + 16) /* the header of gzip, no other */

static char *expand_stream(z_stream *z, struct image *out)
{
    size_t room = 0;
    int rc;

    do
    {
        if ( out->size == room )
        {
            room = room ? room * 2 : 32U << 20;
            if ( room > EXPANDED_MAX )
                return xstrdup("it expands to more than 1 GiB");
            out->data = xrealloc(out->data, room);
        }
        z->next_out = (Bytef *)out->data + out->size;
        z->avail_out = (uInt)(room - out->size);
        rc = inflate(z, Z_NO_FLUSH);
        out->size = room - z->avail_out;
    } while ( rc == Z_OK );
    return rc == Z_STREAM_END
               ? NULL
               : xasprintf("its gzip data are damaged: %s",
                           z->msg ? z->msg : "they end too early");
}

static char *expand(struct image *image, const void *data, size_t size)
{
    struct image out = {.data = NULL};
    z_stream z = {.next_in = NULL};
    char *why;

    if ( size > UINT_MAX || inflateInit2(&z, GZIP_WINDOW) != Z_OK )
        return xstrdup("it cannot be expanded");
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    why = expand_stream(&z, &out);
    inflateEnd(&z);
    if ( why )
    {
        free(out.data);
        return why;
    }
    image_close(image);
    *image = out;
    return NULL;
}

static bool is_gzip(const uint8_t *d, size_t size)
{
    return size > 2 && d[0] == 0x1f && d[1] == 0x8b;
}

static char *expand_zboot(struct image *image)
{
    const uint8_t *data = image->data;
    struct zboot_header h;
    uint32_t offset, size;

    memcpy(&h, data, sizeof(h));
    offset = le32toh(h.offset);
    size = le32toh(h.size);
    if ( strncmp(h.type, "gzip", sizeof(h.type)) != 0 )
        return xasprintf("it is an EFI zboot image, compressed with %.31s: "
                         "unpack it first",
                         h.type);
    if ( offset > image->size || size > image->size - offset )
        return xstrdup("its EFI zboot header is damaged");
    return expand(image, data + offset, size);
}

static char *expand_any(struct image *image)
{
    const uint8_t *data = image->data;

    if ( is_gzip(data, image->size) )
        return expand(image, data, image->size);
    if ( image->size > sizeof(struct zboot_header) && !memcmp(data, "MZ", 2) &&
         !memcmp(data + 4, "zimg", 4) )
        return expand_zboot(image);
    return NULL;
}

int image_kernel(struct image *image, struct kernel_header *header, char **why)
{
    struct arm64_header h;

    *why = expand_any(image);
    if ( *why )
        return -1;
    if ( image->size < sizeof(h) )
    {
        *why = xstrdup("it is no arm64 Image: too short");
        return -1;
    }
    memcpy(&h, image->data, sizeof(h));
    if ( le32toh(h.magic) != ARM64_MAGIC )
        *why = xstrdup("it is no arm64 Image (vmlinux, uImage and kernels for "
                       "other machines are not)");
    else if ( le64toh(h.flags) & FLAG_BIG_ENDIAN )
        *why = xstrdup("it is a big-endian kernel");
    if ( *why )
        return -1;

    header->text_offset = le64toh(h.text_offset);
    header->memory = le64toh(h.image_size);
    if ( !header->memory )
    {
        header->text_offset = OLD_TEXT_OFFSET;
        header->memory = image->size + OLD_MEMORY_MARGIN;
    }
    if ( header->memory < image->size )
        header->memory = image->size;
    return 0;
}
