#include "server/rules/facts.h"

#include <stdio.h>
#include <string.h>

/* ---- who has which role ---- */

/* The first of their roles among `roles` that counts for this team; ROLE_NONE. */
static enum role role_for(const struct viewer *v, role_set roles, const char *team)
{
    for (size_t i = 0; i < v->nroles; i++) {
        const struct viewer_role *r = &v->roles[i];
        if (roles & ROLE_BIT(r->role) && (!r->team[0] || !strcmp(r->team, team)))
            return r->role;
    }
    return ROLE_NONE;
}

bool facts_has_role(const struct viewer *v, role_set roles, const char *team)
{
    return role_for(v, roles, team) != ROLE_NONE;
}

bool facts_is_member(const struct facts *f, uint32_t person, role_set roles)
{
    const struct audit_member *m = audit_member_find(f->audit, person);
    return m && roles & ROLE_BIT(m->role);
}

const struct person *facts_with_role(const struct facts *f, role_set roles, uint32_t not1,
                                     uint32_t not2)
{
    const char *team = audit_info(f->audit).team;
    for (size_t i = 0; i < people_count(f->people); i++) {
        const struct person *p = people_at(f->people, i);
        if (!p->revoked && p->viewer.person != not1 && p->viewer.person != not2 &&
            facts_has_role(&p->viewer, roles, team))
            return p;
    }
    return NULL;
}

/* ---- sentences ---- */

enum { NAMES = 3 };

/* As what this person is named in a list of those who can help; ROLE_NONE: not at all. */
static enum role named_as(const struct facts *f, const struct person *p, role_set roles,
                          role_set members)
{
    const struct audit_member *m = audit_member_find(f->audit, p->viewer.person);
    if (p->revoked)
        return ROLE_NONE;
    if (m && members & ROLE_BIT(m->role))
        return m->role;
    return role_for(&p->viewer, roles, audit_info(f->audit).team);
}

void facts_names(const struct facts *f, role_set roles, role_set members, uint32_t not1,
                 uint32_t not2, char out[FACTS_NAMES_BYTES])
{
    struct {
        const char *name;
        enum role role;
    } found[NAMES];
    size_t n = 0, at = 0;
    for (size_t i = 0; n < NAMES && i < people_count(f->people); i++) {
        const struct person *p = people_at(f->people, i);
        enum role role = named_as(f, p, roles, members);
        if (role == ROLE_NONE || p->viewer.person == not1 || p->viewer.person == not2)
            continue;
        found[n].name = p->name;
        found[n++].role = role;
    }
    out[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const char *before = i == 0 ? "" : i + 1 < n ? ", " : " or ";
        int len = snprintf(out + at, FACTS_NAMES_BYTES - at, "%s%s (%s)", before, found[i].name,
                           role_code(found[i].role));
        at += len > 0 ? (size_t)len : 0;
    }
}

/* ---- owners of actions ---- */

/* `s` without the role's code at its beginning: "FSW Ben" is Ben. */
static const char *after_role(const char *s)
{
    char word[8];
    size_t len = strcspn(s, " ");
    if (!s[len] || len >= sizeof word)
        return s;
    memcpy(word, s, len);
    word[len] = 0;
    return role_find(word) ? s + len + strspn(s + len, " ") : s;
}

/* A number would be taken for the person of that number. */
static const struct person *named(const struct people *p, const char *name)
{
    return *name && name[strspn(name, "0123456789")] ? people_find_name(p, name) : NULL;
}

const struct person *facts_owner(const struct people *p, const char *owner)
{
    char name[sizeof((struct person *)0)->name];
    const char *from = owner + strspn(owner, " ");
    const struct person *whole = named(p, from);
    if (whole)
        return whole;
    from = after_role(from);
    size_t len = strcspn(from, ",(");
    while (len && from[len - 1] == ' ')
        len--;
    if (len >= sizeof name)
        return NULL;
    memcpy(name, from, len);
    name[len] = 0;
    return named(p, name);
}

/* ---- what stands where ---- */

const char *facts_use(const struct facts *f, const char *use, enum part part)
{
    const struct question *q = template_use_find(audit_template(f->audit), use);
    if (!q)
        return "";
    return audit_value(f->audit, (struct field){.question = q->number, .part = part}).value;
}

bool facts_has_words(const struct facts *f, struct field field)
{
    const struct text *t = audit_text(f->audit, field);
    return t && text_len_cp(t) > 0;
}

bool facts_use_has_words(const struct facts *f, const char *use)
{
    const struct question *q = template_use_find(audit_template(f->audit), use);
    return q && facts_has_words(f, (struct field){.question = q->number, .part = PART_TEXT});
}

bool facts_day(const char *value, struct civil *out)
{
    struct err_info why;
    return strlen(value) == 10 && civil_parse(value, out, &why) == ERR_OK;
}
