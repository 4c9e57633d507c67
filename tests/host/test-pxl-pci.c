/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-pxl-pci.c - PCI devices as pxl reads them from words and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cfg.h"
#include "pci.h"
#include "captured.h"

static void test_names(void **state)
{
    static const struct {
        const char *text;
        uint32_t sbdf;
    } good[] = {
        {"0000:01:00.0", 0x100},   {"01:00.0", 0x100},    {"1:0.0", 0x100},
        {"0001:02:1f.7", 0x102ff}, {"ffff:ff:1f.7", ~0U}, {"0:0.0", 0},
        {"0a:1F.3", 0x0afb},
    };
    static const char *const bad[] = {
        "",         "01",      "01:00",   "01:00.8", "01:20.0",
        "100:00.0", "nvme",    ":01:0.0", "01:00.",  "01::0.0",
        "-1:00.0",  "01:00.*", "0:1:2:3", "01:00,0", "12345:0:0.0",
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++ )
    {
        const char *p = good[i].text;
        uint32_t sbdf = 0xdead;

        assert_true(pci_bdf(&p, &sbdf));
        assert_int_equal(sbdf, good[i].sbdf);
        assert_string_equal(p, "");
    }
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        const char *p = bad[i];
        uint32_t sbdf = 0xdead;

        assert_false(pci_bdf(&p, &sbdf));
        assert_ptr_equal(p, bad[i]);
        assert_int_equal(sbdf, 0xdead);
    }

    char *name = pci_name(0x102ff);
    assert_string_equal(name, "0001:02:1f.7");
    free(name);
}

static void test_specs(void **state)
{
    struct pci_spec s = {0};
    char *why;

    (void)state;
    assert_int_equal(pci_parse("02:03.4", &s, &why), 0);
    assert_int_equal(s.sbdf, 0x21c);
    assert_int_equal(s.vslot, PCI_ANY_SLOT);
    assert_false(s.msi || s.permissive || s.seize);

    assert_int_equal(
        pci_parse(" 0000:02:03.4@1e, msi=1,seize=true ,permissive=0", &s, &why),
        0);
    assert_int_equal(s.vslot, 0x1e);
    assert_true(s.msi && s.seize);
    assert_false(s.permissive);

    /* A default of the file is taken back by the device's own word. */
    s.seize = true;
    assert_int_equal(pci_parse("02:03.4,seize=0,power_mgmt=1", &s, &why), 0);
    assert_false(s.seize);

    /* What is told by place can be told by name. */
    assert_int_equal(pci_parse("bdf=02:03.4,vslot=1e,msi=1", &s, &why), 0);
    assert_int_equal(s.sbdf, 0x21c);
    assert_int_equal(s.vslot, 0x1e);
    assert_string_equal(s.name, "");
    assert_int_equal(pci_parse("name=disk,msi=0", &s, &why), 0);
    assert_int_equal(s.sbdf, PCI_NO_BDF);
    assert_string_equal(s.name, "disk");
    assert_int_equal(pci_parse("02:03.4", &s, &why), 0);
    assert_string_equal(s.name, "");
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "[DDDD:]BB:DD.F"},
        {"02:03.*", "each function is named"},
        {"02:03.4@", "0 to 1f"},
        {"02:03.4@20", "0 to 1f"},
        {"02:03.4@x", "0 to 1f"},
        {"02:03.4 msi=1", "cannot read \"msi=1\""},
        {"02:03.4,msi", "NAME=VALUE"},
        {"02:03.4,msi=2", "0 or 1"},
        {"02:03.4,mis=1", "unknown option \"mis\""},
        {"02:03.4,vslot=20", "0 to 1f"},
        {"bdf=02:03", "[DDDD:]BB:DD.F"},
        {"msi=1", "either bdf= or name="},
        {"02:03.4,name=disk", "either bdf= or name="},
        {"name=", "up to 63"},
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        struct pci_spec s = {0};
        char *why = NULL;

        assert_int_equal(pci_parse(bad[i].text, &s, &why), -1);
        assert_non_null(why);
        if ( !strstr(why, bad[i].says) )
            fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, why,
                     bad[i].says);
        free(why);
    }
}

/* A configuration file of this text; what it says on stderr goes to @said. */
static int read_config(const char *text, struct pci_spec **specs, size_t *nr,
                       char *said, size_t size)
{
    char path[] = "/tmp/px-pci-XXXXXX", log[] = "/tmp/px-log-XXXXXX";
    int fd = mkstemp(path), err = mkstemp(log), saved = dup(STDERR_FILENO);
    struct cfg *cfg;
    ssize_t len;
    int rc;

    assert_true(fd >= 0 && err >= 0 && saved >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    dup2(err, STDERR_FILENO);
    cfg = cfg_load(path);
    rc = cfg ? pci_config(cfg, specs, nr) : -2;
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    len = pread(err, said, size - 1, 0);
    said[len < 0 ? 0 : len] = '\0';
    close(err);
    unlink(path);
    unlink(log);
    if ( cfg )
        cfg_free(cfg);
    return rc;
}

static void test_file(void **state)
{
    struct pci_spec *specs;
    char said[1000];
    size_t nr;

    (void)state;
    assert_int_equal(read_config("name = \"a\"\n", &specs, &nr, said, 1000), 0);
    assert_int_equal(nr, 0);
    free(specs);

    assert_int_equal(read_config("pci_seize = 1\n"
                                 "pci = [ \"01:00.0\",\n"
                                 "  \"02:00.0@5,seize=0\" ]\n",
                                 &specs, &nr, said, 1000),
                     0);
    assert_int_equal(nr, 2);
    assert_int_equal(specs[0].sbdf, 0x100);
    assert_true(specs[0].seize);
    assert_int_equal(specs[1].vslot, 5);
    assert_false(specs[1].seize);
    free(specs);
}

/* What is wrong is said with its line, and nothing is left to free. */
static void test_file_mistakes(void **state)
{
    static const struct {
        const char *text, *line, *says;
    } bad[] = {
        {"pci = [ \"01:00.0\",\n \"01:00\" ]\n", ":2: ", "[DDDD:]BB:DD.F"},
        {"pci = [ \"01:00.0\",\n\n \"1:0.0\" ]\n", ":3: ", "twice"},
        {"\npci_permissive = 1\n", ":2: ", "permissive=1"},
        {"pci = [ [ \"01:00.0\" ] ]\n", ":1: ", "a string"},
        {"pci_seize = \"maybe\"\n", ":1: ", ""},
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        struct pci_spec *specs = NULL;
        char said[1000];
        size_t nr;

        assert_int_equal(read_config(bad[i].text, &specs, &nr, said, 1000), -1);
        if ( !strstr(said, bad[i].line) || !strstr(said, bad[i].says) )
            fail_msg("\"%s\" has no \"%s\" or no \"%s\"", said, bad[i].line,
                     bad[i].says);
        assert_null(specs);
    }
}

/* create reads a configuration several times: once is enough. */
static void test_ignored_options(void **state)
{
    struct pci_spec s = {0};
    char *why;

    (void)state;
    stderr_begin();
    for ( int i = 0; i < 3; i++ )
        assert_int_equal(pci_parse("02:03.4,rdm_policy=strict", &s, &why), 0);
    assert_string_equal(stderr_end(),
                        "pxl: warning: pci: rdm_policy is ignored\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_specs),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_mistakes),
        cmocka_unit_test(test_ignored_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
