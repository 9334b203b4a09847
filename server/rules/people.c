#include "server/rules/people.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/utf8.h"

struct cert {
    uint8_t serial[20];
    uint32_t person;
    bool revoked;
};

/* Both arrays are sorted: persons by number, certificates by serial. Every person has memory of
 * their own, so that pointers given out survive additions. */
struct people {
    struct person **persons;
    size_t npersons, persons_cap;
    struct cert *certs;
    size_t ncerts, certs_cap;
};

struct people *people_new(void)
{
    return calloc(1, sizeof(struct people));
}

void people_free(struct people *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->npersons; i++)
        free(p->persons[i]);
    free(p->persons);
    free(p->certs);
    free(p);
}

/* Room for one more element of `size` bytes at position `at` of `n`. The new array, or NULL. */
static void *open_gap(void *array, size_t *cap, size_t n, size_t at, size_t size)
{
    if (n == *cap) {
        size_t more = *cap ? *cap * 2 : 16;
        void *grown = realloc(array, more * size);
        if (!grown)
            return NULL;
        array = grown;
        *cap = more;
    }
    char *gap = (char *)array + at * size;
    memmove(gap + size, gap, (n - at) * size);
    return array;
}

/* The first position whose number is not below `id`. */
static size_t person_position(const struct people *p, uint32_t id)
{
    size_t low = 0, high = p->npersons;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->persons[middle]->viewer.person < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum err people_put(struct people *p, const struct person *person)
{
    uint32_t id = person->viewer.person;
    size_t at = person_position(p, id);
    if (at < p->npersons && p->persons[at]->viewer.person == id) {
        *p->persons[at] = *person;
        return ERR_OK;
    }
    struct person *copy = malloc(sizeof *copy);
    if (!copy)
        return ERR_NOMEM;
    *copy = *person;
    struct person **grown =
        open_gap(p->persons, &p->persons_cap, p->npersons, at, sizeof *p->persons);
    if (!grown) {
        free(copy);
        return ERR_NOMEM;
    }
    p->persons = grown;
    p->persons[at] = copy;
    p->npersons++;
    return ERR_OK;
}

const struct person *people_find(const struct people *p, uint32_t id)
{
    size_t at = person_position(p, id);
    return at < p->npersons && p->persons[at]->viewer.person == id ? p->persons[at] : NULL;
}

/* Equal but for upper and lower case, in any script. */
static bool same_name(const char *a, const char *b)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;
    const uint8_t *p_end = p + strlen(a), *q_end = q + strlen(b);
    while (p < p_end && q < q_end) {
        uint32_t x, y;
        size_t n = utf8_decode(p, p_end, &x), m = utf8_decode(q, q_end, &y);
        if (!n || !m)
            return false;
        if (x != y &&
            utf8proc_tolower((utf8proc_int32_t)x) != utf8proc_tolower((utf8proc_int32_t)y))
            return false;
        p += n;
        q += m;
    }
    return p == p_end && q == q_end;
}

/* 0 when it is not a number. */
static uint32_t number_of(const char *s)
{
    uint64_t n = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || n > UINT32_MAX)
            return 0;
        n = n * 10 + (uint64_t)(*s - '0');
    }
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

const struct person *people_find_name(const struct people *p, const char *name_or_number)
{
    uint32_t id = number_of(name_or_number);
    if (id)
        return people_find(p, id);
    for (size_t i = 0; i < p->npersons; i++)
        if (!p->persons[i]->revoked && same_name(p->persons[i]->name, name_or_number))
            return p->persons[i];
    return NULL;
}

size_t people_count(const struct people *p)
{
    return p->npersons;
}

const struct person *people_at(const struct people *p, size_t i)
{
    return p->persons[i];
}

static size_t cert_position(const struct people *p, const uint8_t serial[20])
{
    size_t low = 0, high = p->ncerts;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(p->certs[middle].serial, serial, 20) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_cert_at(const struct people *p, size_t at, const uint8_t serial[20])
{
    return at < p->ncerts && !memcmp(p->certs[at].serial, serial, 20);
}

enum err people_put_cert(struct people *p, const uint8_t serial[20], uint32_t person, bool revoked)
{
    size_t at = cert_position(p, serial);
    if (!is_cert_at(p, at, serial)) {
        struct cert *grown = open_gap(p->certs, &p->certs_cap, p->ncerts, at, sizeof *p->certs);
        if (!grown)
            return ERR_NOMEM;
        p->certs = grown;
        p->ncerts++;
    }
    struct cert *c = &p->certs[at];
    memcpy(c->serial, serial, sizeof c->serial);
    c->person = person;
    c->revoked = revoked;
    return ERR_OK;
}

const struct person *people_of_cert(const struct people *p, const uint8_t serial[20],
                                    const char **why)
{
    size_t at = cert_position(p, serial);
    const struct person *person =
        is_cert_at(p, at, serial) ? people_find(p, p->certs[at].person) : NULL;
    if (!person) {
        *why = "unknown";
        return NULL;
    }
    if (p->certs[at].revoked || person->revoked) {
        *why = "revoked";
        return NULL;
    }
    return person;
}

bool person_has_role(const struct person *p, enum role role)
{
    for (size_t i = 0; i < p->viewer.nroles; i++)
        if (p->viewer.roles[i].role == role)
            return true;
    return false;
}
