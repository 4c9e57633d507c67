/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory and string functions, as ISO C has them. */
#include <xen/string.h>

void *memcpy(void *dest, const void *src, size_t n)
{
    char *d = dest;
    const char *s = src;

    if ( !(((uintptr_t)d | (uintptr_t)s) & 7) )
    {
        for ( ; n >= 64; n -= 64, d += 64, s += 64 )
        {
            copy16(d, s);
            copy16(d + 16, s + 16);
            copy16(d + 32, s + 32);
            copy16(d + 48, s + 48);
        }
        for ( ; n >= 16; n -= 16, d += 16, s += 16 )
            copy16(d, s);
        if ( n >= 8 )
        {
            *(uint64_t *)(void *)d = *(const uint64_t *)(const void *)s;
            d += 8;
            s += 8;
            n -= 8;
        }
    }
    while ( n-- )
        *d++ = *s++;
    return dest;
}

void *memmove(void *dest, const void *src, size_t n)
{
    char *d = dest;
    const char *s = src;

    if ( d <= s || d >= s + n )
        return memcpy(dest, src, n);
    while ( n-- )
        d[n] = s[n];
    return dest;
}

void *memset(void *s, int c, size_t n)
{
    char *p = s;

    if ( !(char)c )
    {
        size_t done;

        while ( n && (uintptr_t)p & 7 )
        {
            *p++ = 0;
            n--;
        }
        done = zero_blocks(p, n);
        p += done;
        n -= done;
    }
    while ( n-- )
        *p++ = (char)c;
    return s;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for ( ; n; n--, x++, y++ )
        if ( *x != *y )
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const unsigned char *p = s;

    for ( ; n; n--, p++ )
        if ( *p == (unsigned char)c )
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while ( *p )
        p++;
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t n)
{
    size_t len = 0;

    while ( len < n && s[len] )
        len++;
    return len;
}

int strcmp(const char *a, const char *b)
{
    while ( *a && *a == *b )
    {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    while ( n && *a && *a == *b )
    {
        a++;
        b++;
        n--;
    }
    return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *s, int c)
{
    for ( ; *s != (char)c; s++ )
        if ( !*s )
            return NULL;
    return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    do
    {
        if ( *s == (char)c )
            found = s;
    } while ( *s++ );
    return (char *)(uintptr_t)found;
}

char *strstr(const char *haystack, const char *needle)
{
    size_t n = strlen(needle);

    for ( ; *haystack || !n; haystack++ )
        if ( !strncmp(haystack, needle, n) )
            return (char *)(uintptr_t)haystack;
    return NULL;
}

size_t strlcpy(char *dest, const char *src, size_t size)
{
    size_t len = strlen(src);

    if ( size )
    {
        size_t n = min(len, size - 1);

        memcpy(dest, src, n);
        dest[n] = '\0';
    }
    return len;
}

unsigned long long strtoull(const char *s, const char **end, unsigned int base)
{
    unsigned long long value = 0;

    if ( (base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' )
    {
        base = 16;
        s += 2;
    }
    else if ( base == 0 )
        base = s[0] == '0' ? 8 : 10;
    for ( ;; s++ )
    {
        unsigned int digit;

        if ( *s >= '0' && *s <= '9' )
            digit = (unsigned int)(*s - '0');
        else if ( (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f' )
            digit = (unsigned int)((*s | 0x20) - 'a' + 10);
        else
            break;
        if ( digit >= base )
            break;
        value = value * base + digit;
    }
    if ( end )
        *end = s;
    return value;
}
