/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: words "name=value", "name" (value "yes"), "no-name"
 * (value "no"). Options register themselves by CMDLINE_OPTION().
 */
#include <xen/console.h>

extern const struct cmdline_option __cmdline_start[], __cmdline_end[];

char saved_cmdline[1024];

static const struct cmdline_option *find_option(const char *name, size_t len)
{
    const struct cmdline_option *o;

    for ( o = __cmdline_start; o < __cmdline_end; o++ )
        if ( strlen(o->name) == len && !strncmp(o->name, name, len) )
            return o;
    return NULL;
}

static void parse_word(char *word)
{
    char *eq = strchr(word, '=');
    size_t len = eq ? (size_t)(eq - word) : strlen(word);
    const struct cmdline_option *o = find_option(word, len);
    const char *value = eq ? eq + 1 : "yes";

    if ( !o && !eq && !strncmp(word, "no-", 3) )
    {
        o = find_option(word + 3, len - 3);
        value = "no";
    }
    if ( !o )
        printk(XENLOG_WARN "command line: \"%s\" is not an option of ours\n",
               word);
    else if ( o->parse(value) )
        printk(XENLOG_ERR "command line: %s: bad value \"%s\"\n", o->name,
               value);
}

void cmdline_parse(const char *line)
{
    char buf[sizeof(saved_cmdline)], *s = buf;

    if ( strlcpy(saved_cmdline, line, sizeof(saved_cmdline)) >=
         sizeof(saved_cmdline) )
        printk(XENLOG_ERR "command line: longer than %zu bytes: cut\n",
               sizeof(saved_cmdline) - 1);
    memcpy(buf, saved_cmdline, sizeof(buf));
    while ( *s )
    {
        char *word = s;

        while ( *s && *s != ' ' )
            s++;
        if ( *s )
            *s++ = '\0';
        if ( *word )
            parse_word(word);
    }
}
