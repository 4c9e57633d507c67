/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formatted output. Conversions: d i u x X o c s p %, flags 0 - + # space,
 * width, precision, and lengths hh h l ll z. Pointers print as 0x and 16
 * digits. Beyond that: "%ps" prints a code address as symbol+offset.
 */
#include <xen/lib.h>

#include <xen/symbols.h>

struct out {
    char *buf;
    size_t size, len;
};

static void put(struct out *o, char c)
{
    if ( o->len + 1 < o->size )
        o->buf[o->len] = c;
    o->len++;
}

struct spec {
    bool left, plus, space, alt, zero;
    int width, precision; /* -1: none */
};

static void put_padded(struct out *o, const char *s, int len,
                       const struct spec *f)
{
    int pad = f->width > len ? f->width - len : 0;

    for ( ; !f->left && pad; pad-- )
        put(o, ' ');
    for ( int i = 0; i < len; i++ )
        put(o, s[i]);
    for ( ; pad; pad-- )
        put(o, ' ');
}

static void put_number(struct out *o, unsigned long long v, bool negative,
                       unsigned int base, bool upper, const struct spec *f)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char tmp[72], *p = tmp + sizeof(tmp);
    bool prefix = f->alt && base == 16 && v;
    int want = f->precision;
    struct spec whole = *f;

    if ( want < 0 && f->zero && !f->left )
        want = f->width - (negative || f->plus || f->space) - 2 * prefix;
    want = min(want, 64);
    do
    {
        if ( v || f->precision != 0 )
        {
            *--p = digits[v % base];
            want--;
        }
        v /= base;
    } while ( v );
    while ( want-- > 0 )
        *--p = '0';
    if ( prefix )
    {
        *--p = upper ? 'X' : 'x';
        *--p = '0';
    }
    if ( negative )
        *--p = '-';
    else if ( f->plus )
        *--p = '+';
    else if ( f->space )
        *--p = ' ';
    put_padded(o, p, (int)(tmp + sizeof(tmp) - p), &whole);
}

static void put_symbol(struct out *o, unsigned long addr, const struct spec *f)
{
    unsigned long offset = 0;
    const char *name = symbols_lookup(addr, &offset);
    struct spec hex = {.alt = true, .width = 0, .precision = -1};

    if ( !name )
    {
        put_number(o, addr, false, 16, false, &hex);
        return;
    }
    put_padded(o, name, (int)strlen(name), f);
    put(o, '+');
    put_number(o, offset, false, 16, false, &hex);
}

static int parse_int(const char **fmt, va_list *args)
{
    int v = 0;

    if ( **fmt == '*' )
    {
        (*fmt)++;
        return va_arg(*args, int);
    }
    while ( **fmt >= '0' && **fmt <= '9' )
        v = v * 10 + *(*fmt)++ - '0';
    return v;
}

static const char *parse_flags(const char *fmt, struct spec *f)
{
    for ( ;; fmt++ )
        switch ( *fmt )
        {
        case '-':
            f->left = true;
            break;
        case '+':
            f->plus = true;
            break;
        case ' ':
            f->space = true;
            break;
        case '#':
            f->alt = true;
            break;
        case '0':
            f->zero = true;
            break;
        default:
            return fmt;
        }
}

static long long get_signed(va_list *args, int length)
{
    if ( length >= 1 )
        return va_arg(*args, long);
    return length == -2   ? (signed char)va_arg(*args, int)
           : length == -1 ? (short)va_arg(*args, int)
                          : va_arg(*args, int);
}

static unsigned long long get_unsigned(va_list *args, int length)
{
    if ( length >= 1 )
        return va_arg(*args, unsigned long);
    return length == -2   ? (unsigned char)va_arg(*args, unsigned int)
           : length == -1 ? (unsigned short)va_arg(*args, unsigned int)
                          : va_arg(*args, unsigned int);
}

static const char *convert(struct out *o, const char *fmt, va_list *args)
{
    struct spec f = {.precision = -1};
    const char *s;
    long long sv;
    int length = 0;
    char c;

    fmt = parse_flags(fmt, &f);
    f.width = parse_int(&fmt, args);
    if ( f.width < 0 )
    {
        f.left = true;
        f.width = -f.width;
    }
    if ( *fmt == '.' )
    {
        fmt++;
        f.precision = parse_int(&fmt, args);
    }
    for ( ; *fmt == 'l' || *fmt == 'h' || *fmt == 'z'; fmt++ )
        length += *fmt == 'h' ? -1 : 1;

    switch ( *fmt )
    {
    case 'd':
    case 'i':
        sv = get_signed(args, length);
        put_number(o,
                   sv < 0 ? 0 - (unsigned long long)sv : (unsigned long long)sv,
                   sv < 0, 10, false, &f);
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        f.plus = f.space = false;
        put_number(o, get_unsigned(args, length), false,
                   *fmt == 'u'   ? 10
                   : *fmt == 'o' ? 8
                                 : 16,
                   *fmt == 'X', &f);
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        put_padded(o, &c, 1, &f);
        break;
    case 's':
        s = va_arg(*args, const char *);
        if ( !s )
            s = "(null)";
        put_padded(o, s,
                   (int)(f.precision >= 0 ? strnlen(s, (size_t)f.precision)
                                          : strlen(s)),
                   &f);
        break;
    case 'p':
        if ( fmt[1] == 's' )
        {
            put_symbol(o, (unsigned long)va_arg(*args, void *), &f);
            return fmt + 2;
        }
        f = (struct spec){.alt = true, .precision = 16};
        put_number(o, (unsigned long)va_arg(*args, void *), false, 16, false,
                   &f);
        break;
    case '\0':
        return fmt;
    default:
        put(o, *fmt);
        break;
    }
    return fmt + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out o = {.buf = buf, .size = size};
    va_list ap;

    va_copy(ap, args);
    while ( *fmt )
        if ( *fmt != '%' )
            put(&o, *fmt++);
        else
            fmt = convert(&o, fmt + 1, &ap);
    va_end(ap);
    if ( size )
        buf[min(o.len, size - 1)] = '\0';
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return len;
}
