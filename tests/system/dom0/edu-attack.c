/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edu-attack.c - order QEMU's "edu" devices to read and write any address.
 *
 *   edu-attack control            DMA between two pages of our own works
 *   edu-attack hunt START END [ADDRESS...]
 *                                 read from and write to RAM in [START, END)
 *                                 that /proc/iomem does not give to us, and to
 *                                 the addresses given
 *   edu-attack steps N            write to every N-th GiB up to 2^44 that
 *                                 /proc/iomem does not give to us
 *   edu-attack storm ACCESSES     so many 4-byte accesses to unmapped addresses
 *
 * Only devices are used: our own CPU touches nothing but the edu's registers
 * and our own pages. What is written is MAGIC again and again, so a host that
 * finds MAGIC outside our memory has found a hole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Made at run time from two halves: the program's text does not contain it. */
#define MAGIC_HIGH 0x7078ed05U
#define MAGIC_LOW  0xbadc0ffeU

#define EDU_SRC 0x80
#define EDU_DST 0x88
#define EDU_CNT 0x90
#define EDU_CMD 0x98
#define EDU_BUF 0x40000ULL /* its 4 KiB in the address space of its engine */

#define CMD_START      1ULL
#define CMD_TO_RAM     2ULL
#define MAGIC_OFFSET   0x800ULL /* half of the buffer keeps what we write */
#define CHUNK          64U
#define STORM_CHUNK    4092U /* QEMU 7.2 dies on 4096 */
#define MAX_EDU        8
#define GIB            (1ULL << 30)
#define STEPS_END      (1ULL << 44)
#define MAX_TARGETS    256
#define PAGES_PER_HOLE 12

static volatile uint8_t *edu[MAX_EDU];
static unsigned int nr_edu;
static uint8_t *page[2];
static uint64_t page_pa[2];

static void die(const char *what)
{
    printf("edu-attack: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint64_t physical(void *va)
{
    uint64_t entry;
    int fd = open("/proc/self/pagemap", O_RDONLY);

    if ( fd < 0 ||
         pread(fd, &entry, 8, (off_t)((uintptr_t)va / 4096 * 8)) != 8 ||
         !(entry >> 63) )
        die("/proc/self/pagemap");
    close(fd);
    return (entry & ((1ULL << 55) - 1)) * 4096;
}

static void find_edus(void)
{
    DIR *dir = opendir("/sys/bus/pci/devices");
    struct dirent *e;

    while ( dir && (e = readdir(dir)) != NULL && nr_edu < MAX_EDU )
    {
        char path[600];
        uint32_t id;
        uint16_t command;
        int fd;

        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable",
                 e->d_name);
        fd = open(path, O_WRONLY);
        if ( fd < 0 )
            continue;
        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
                 e->d_name);
        int cfg = open(path, O_RDWR);
        if ( cfg < 0 || pread(cfg, &id, 4, 0) != 4 || id != 0x11e81234 )
        {
            close(cfg);
            close(fd);
            continue;
        }
        if ( write(fd, "1", 1) != 1 )
            die("enable");
        close(fd);
        if ( pread(cfg, &command, 2, 4) != 2 )
            die("config");
        command |= 6; /* memory space, bus master */
        if ( pwrite(cfg, &command, 2, 4) != 2 )
            die("config");
        close(cfg);

        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0",
                 e->d_name);
        fd = open(path, O_RDWR | O_SYNC);
        void *bar = fd < 0 ? MAP_FAILED
                           : mmap(NULL, 0x1000, PROT_READ | PROT_WRITE,
                                  MAP_SHARED, fd, 0);
        if ( bar == MAP_FAILED )
            die(path);
        close(fd);
        edu[nr_edu] = bar;
        if ( *(volatile uint32_t *)bar != 0x010000edU )
            die("not an edu");
        printf("PX-INFO: edu %u is %s\n", nr_edu++, e->d_name);
    }
    if ( dir )
        closedir(dir);
}

static void reg_write(unsigned int i, unsigned int reg, uint64_t value)
{
    *(volatile uint64_t *)(edu[i] + reg) = value;
}

static int busy(unsigned int i)
{
    return *(volatile uint32_t *)(edu[i] + EDU_CMD) & 1;
}

static void start(unsigned int i, uint64_t from, uint64_t to, uint64_t count,
                  uint64_t direction)
{
    reg_write(i, EDU_SRC, from);
    reg_write(i, EDU_DST, to);
    reg_write(i, EDU_CNT, count);
    reg_write(i, EDU_CMD, CMD_START | direction);
}

static void wait_idle(unsigned int i)
{
    const struct timespec t = {0, 5000000};
    time_t end = time(NULL) + 120;

    while ( busy(i) )
    {
        if ( time(NULL) > end )
        {
            errno = ETIMEDOUT;
            die("the edu stays busy");
        }
        nanosleep(&t, NULL);
    }
}

static void from_ram(unsigned int i, uint64_t pa, uint64_t offset,
                     unsigned int count)
{
    start(i, pa, EDU_BUF + offset, count, 0);
    wait_idle(i);
}

static void to_ram(unsigned int i, uint64_t pa, uint64_t offset,
                   unsigned int count)
{
    start(i, EDU_BUF + offset, pa, count, CMD_TO_RAM);
    wait_idle(i);
}

static void fill_magic(uint8_t *p, size_t size)
{
    uint64_t magic = (uint64_t)MAGIC_HIGH << 32 | MAGIC_LOW;

    for ( size_t i = 0; i < size; i += 8 )
        memcpy(p + i, &magic, 8);
}

/* Own page to the edu, and back to the other page. */
static int control(void)
{
    for ( unsigned int i = 0; i < nr_edu; i++ )
    {
        fill_magic(page[0], 4096);
        memset(page[1], 0x5a, 4096);
        from_ram(i, page_pa[0], MAGIC_OFFSET, CHUNK);
        to_ram(i, page_pa[1], MAGIC_OFFSET, CHUNK);
        if ( memcmp(page[0], page[1], CHUNK) != 0 || page[1][CHUNK] != 0x5a )
        {
            printf("PX-TEST: edu-control: FAIL edu %u at its owner's pages\n",
                   i);
            return 1;
        }
    }
    printf("PX-TEST: edu-control: PASS %u devices reach their owner's pages\n",
           nr_edu);
    return 0;
}

static uint64_t targets[MAX_TARGETS];
static unsigned int nr_targets;

static void add_target(uint64_t address)
{
    if ( nr_targets < MAX_TARGETS )
        targets[nr_targets++] = address;
}

static void add_hole(uint64_t from, uint64_t to)
{
    uint64_t pages = (to - from) / 4096;

    if ( to <= from || pages == 0 )
        return;
    printf("PX-INFO: hole %#" PRIx64 "-%#" PRIx64 "\n", from, to);
    for ( unsigned int i = 0; i < PAGES_PER_HOLE; i++ )
        add_target(from + (pages - 1) * i / (PAGES_PER_HOLE - 1) * 4096);
}

/* RAM of the machine that is not ours, page by sampled page. */
static void add_holes(uint64_t from, uint64_t to)
{
    FILE *f = fopen("/proc/iomem", "r");
    char line[200];

    if ( !f )
        die("/proc/iomem");
    while ( fgets(line, sizeof(line), f) )
    {
        uint64_t a, b;

        /* Top level only, sorted: children are indented. */
        if ( line[0] == ' ' || !strstr(line, "System RAM") ||
             sscanf(line, "%" SCNx64 "-%" SCNx64, &a, &b) != 2 || a < from )
            continue;
        printf("PX-INFO: own %#" PRIx64 "-%#" PRIx64 "\n", a, b + 1);
        add_hole(from, a < to ? a : to);
        from = b + 1;
    }
    fclose(f);
    add_hole(from, to);
}

static int hunt(void)
{
    unsigned int leaks = 0;

    fill_magic(page[0], 4096);
    from_ram(0, page_pa[0], MAGIC_OFFSET, CHUNK);
    for ( unsigned int t = 0; t < nr_targets; t++ )
    {
        uint64_t word;

        memset(page[1], 0, CHUNK);
        from_ram(0, targets[t], 0, CHUNK);
        to_ram(0, page_pa[1], 0, CHUNK);
        memcpy(&word, page[1], 8);
        for ( unsigned int i = 0; i < CHUNK; i++ )
            if ( page[1][i] )
            {
                leaks++;
                printf("PX-INFO: edu read %#" PRIx64 ": %016" PRIx64 "\n",
                       targets[t], word);
                break;
            }
        to_ram(0, targets[t], MAGIC_OFFSET, CHUNK);
        printf("PX-INFO: target %#" PRIx64 "\n", targets[t]);
    }
    printf("PX-TEST: edu-hunt: %s %u targets read and written, %u leaked\n",
           leaks ? "FAIL" : "PASS", nr_targets, leaks);
    return leaks != 0;
}

/* Does any of our RAM lie in the GiB that begins at @address? */
static int is_own(uint64_t address)
{
    FILE *f = fopen("/proc/iomem", "r");
    char line[200];
    int own = 0;

    if ( !f )
        die("/proc/iomem");
    while ( fgets(line, sizeof(line), f) )
    {
        uint64_t a, b;

        if ( line[0] != ' ' && strstr(line, "System RAM") &&
             sscanf(line, "%" SCNx64 "-%" SCNx64, &a, &b) == 2 &&
             a < address + GIB && b >= address )
            own = 1;
    }
    fclose(f);
    return own;
}

/* All the devices at once: each takes 100 ms. */
static int steps(uint64_t step)
{
    uint64_t nr = 0;

    fill_magic(page[0], 4096);
    for ( unsigned int i = 0; i < nr_edu; i++ )
        from_ram(i, page_pa[0], MAGIC_OFFSET, CHUNK);
    for ( uint64_t address = 0; address < STEPS_END; )
    {
        for ( unsigned int i = 0; i < nr_edu && address < STEPS_END;
              address += step * GIB )
            if ( !is_own(address) )
            {
                start(i++, EDU_BUF + MAGIC_OFFSET, address, CHUNK, CMD_TO_RAM);
                nr++;
            }
        for ( unsigned int i = 0; i < nr_edu; i++ )
            wait_idle(i);
    }
    printf("PX-TEST: edu-steps: PASS %" PRIu64 " addresses written to\n", nr);
    return 0;
}

static int storm(uint64_t accesses)
{
    uint64_t done = 0, address = 0x100000000000ULL;

    while ( done < accesses )
    {
        for ( unsigned int i = 0; i < nr_edu; i++ )
        {
            start(i, EDU_BUF, address, STORM_CHUNK, CMD_TO_RAM);
            address += 4096;
            done += STORM_CHUNK / 4;
        }
        for ( unsigned int i = 0; i < nr_edu; i++ )
            wait_idle(i);
    }
    printf("PX-TEST: edu-storm: PASS %" PRIu64 " accesses ordered\n", done);
    return 0;
}

/* What a device wrote to our own pages stays for who looks from outside. */
static void leave_pages(void)
{
    fflush(stdout);
    if ( fork() != 0 )
        return;
    setsid();
    for ( int fd = 0; fd < 3; fd++ )
        close(fd);
    for ( ;; )
        pause();
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if ( argc < 2 )
        return 2;
    find_edus();
    if ( nr_edu == 0 )
    {
        printf("PX-TEST: edu: FAIL there is no edu device\n");
        return 1;
    }

    for ( unsigned int i = 0; i < 2; i++ )
    {
        page[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
        if ( page[i] == MAP_FAILED )
            die("mmap");
        memset(page[i], 0x11, 4096);
        page_pa[i] = physical(page[i]);
    }

    if ( strcmp(argv[1], "control") == 0 )
    {
        int rc = control();

        leave_pages();
        return rc;
    }
    if ( strcmp(argv[1], "storm") == 0 && argc == 3 )
        return storm(strtoull(argv[2], NULL, 0));
    if ( strcmp(argv[1], "steps") == 0 && argc == 3 )
        return steps(strtoull(argv[2], NULL, 0));
    if ( strcmp(argv[1], "hunt") == 0 && argc >= 4 )
    {
        add_holes(strtoull(argv[2], NULL, 16), strtoull(argv[3], NULL, 16));
        for ( int i = 4; i < argc; i++ )
            add_target(strtoull(argv[i], NULL, 16));
        return hunt();
    }
    return 2;
}
