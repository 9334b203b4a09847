#include "client/editor/model_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/utf8.h"

/* ---- opening ---- */

void model_open_line(struct editor *ed, enum line_purpose p, const char *title, const char *hint)
{
    struct line_box *b = &ed->line_box;
    struct buf text = b->text;
    buf_clear(&text);
    *b = (struct line_box){.purpose = p, .text = text};
    snprintf(b->title, sizeof b->title, "%s", title);
    snprintf(b->hint, sizeof b->hint, "%s", hint);
    ed->popup = POPUP_LINE;
}

static void open_value_line(struct editor *ed, const struct form_row *row, const char *value)
{
    struct buf title = BUF_INIT;
    bool is_date = row->def->type == TYPE_DATE;
    describe_field(ed->r, row->field, &title);
    model_open_line(ed, LINE_VALUE, buf_cstr(&title),
                    is_date ? "YYYY-MM-DD, D/M/YYYY or YYYY-MM; Up, Down: by days"
                    : row->def->type == TYPE_NUMBER ? "a number"
                                                    : "Enter saves, Esc leaves it as it was");
    ed->line_box.field = row->field;
    ed->line_box.is_date = is_date;
    buf_append_str(&ed->line_box.text, value);
    ed->line_box.pos_cp = (size_t)utf8_count(ed->line_box.text.data, ed->line_box.text.len);
    buf_free(&title);
}

/* Is `code` one of "a, b, c"? */
static bool has_code(const char *value, const char *code)
{
    size_t len = strlen(code);
    for (const char *p = value; *p;) {
        size_t n = strcspn(p, ",");
        if (n == len && !memcmp(p, code, n))
            return true;
        p += n;
        p += strspn(p, ", ");
    }
    return false;
}

static void open_picker(struct editor *ed, const struct form_row *row, const char *value)
{
    struct picker *p = &ed->picker;
    struct buf title = BUF_INIT;
    memset(p, 0, sizeof *p);
    p->field = row->field;
    bool items = row->def->type == TYPE_ITEMS;
    p->several = items || row->def->type == TYPE_CODES;
    p->n = items ? describe_items(ed->r, p->field, p->choices, MAX_CHOICES - 1)
                 : describe_choices(audit_template(model_audit(ed)), model_question(ed), row->def,
                                    row->field.item && row->def->list, p->choices, MAX_CHOICES - 1);
    if (p->n > MAX_CHOICES - 1)
        p->n = MAX_CHOICES - 1;
    for (size_t i = 0; i < p->n; i++) {
        p->ticked[i] = has_code(value, p->choices[i].code);
        if (p->ticked[i] && !p->ticked[p->selected])
            p->selected = i;
    }
    if (!p->n) {
        editor_say(ed, items ? "There is nothing to choose from yet: add one first."
                             : "There is nothing to choose from here.");
        return;
    }
    if (!p->several && *value) {
        p->choices[p->n] = (struct choice){.label = "(empty)"};
        p->can_clear = true;
        p->n++;
    }
    describe_field(ed->r, row->field, &title);
    snprintf(p->title, sizeof p->title, "%s", buf_cstr(&title));
    buf_free(&title);
    ed->popup = POPUP_PICKER;
}

void model_open_value(struct editor *ed, const struct form_row *row, uint32_t first)
{
    struct err_info why = {0};
    bool pending;
    enum right right = audit_right(model_audit(ed), replica_me(ed->r), row->field, &why);
    if (row->kind != FORM_FIELD)
        return;
    if (right != RIGHT_WRITE || row->held) {
        model_refused(ed, ERR_REFUSED_ROLE, &why);
        return;
    }
    const char *value = replica_value(ed->r, row->field, &pending).value;
    switch (row->def->type) {
    case TYPE_GRADE:
    case TYPE_CODE:
    case TYPE_CODES:
    case TYPE_CHOICE:
    case TYPE_SCALE:
    case TYPE_ITEMS:
        open_picker(ed, row, value);
        if (first && ed->popup == POPUP_PICKER) {
            if (!*value) /* nothing is chosen yet: the search begins at the top */
                ed->picker.selected = ed->picker.n ? ed->picker.n - 1 : 0;
            model_picker_type(ed, first);
            if (!ed->picker.ntyped) {
                ed->popup = POPUP_NONE;
                editor_say(ed, "Not typed: no choice begins so. Enter shows the choices.");
            }
        }
        return;
    case TYPE_DATE:
    case TYPE_NUMBER:
    case TYPE_LINE:
    case TYPE_PERSON:
        open_value_line(ed, row, first ? "" : value);
        if (first) {
            uint8_t u[4];
            size_t n = utf8_encode(first, u);
            model_line_type(ed, u, n);
        }
        return;
    case TYPE_TEXT:
    case TYPE_LIST:
        return;
    }
}

void model_open_follow(struct editor *ed)
{
    struct picker *p = &ed->picker;
    memset(p, 0, sizeof *p);
    p->purpose = PICK_FOLLOW;
    snprintf(p->title, sizeof p->title, "Follow whom?");
    for (size_t i = 0; i < replica_present_count(ed->r) && p->n < MAX_CHOICES; i++) {
        struct replica_present who = replica_present_at(ed->r, i);
        if (who.me)
            continue;
        struct choice *c = &p->choices[p->n++];
        snprintf(c->code, sizeof c->code, "%u", (unsigned)who.person);
        snprintf(c->label, sizeof c->label, "%s (%s)", who.name, role_code(who.role));
    }
    if (!p->n) {
        editor_say(ed, "Nobody else is here.");
        return;
    }
    ed->popup = POPUP_PICKER;
}

/* ---- a picker's keys ---- */

static uint32_t lower(uint32_t cp)
{
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
}

static bool begins_with(const char *s, const uint32_t *typed, size_t n)
{
    const uint8_t *u = (const uint8_t *)s, *end = u + strlen(s);
    uint32_t cp;
    for (size_t i = 0; i < n; i++) {
        size_t len = u < end ? utf8_decode(u, end, &cp) : 0;
        if (!len || lower(cp) != typed[i])
            return false;
        u += len;
    }
    return true;
}

/* To the first choice at or after `from`, round about, that begins with what was typed. */
static bool seek_choice(struct picker *p, size_t from, size_t ntyped)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct choice *c = &p->choices[(from + i) % p->n];
        if (begins_with(c->label, p->typed, ntyped) || begins_with(c->code, p->typed, ntyped)) {
            p->selected = (from + i) % p->n;
            return true;
        }
    }
    return false;
}

enum { WORD_PAUSE_MS = 1500 };

/* Letters that follow each other spell a choice: "go" is Good, not the O of Outstanding. The same
 * letter again goes on to the next choice with it; a letter that fits nothing changes nothing. */
void model_picker_type(struct editor *ed, uint32_t cp)
{
    struct picker *p = &ed->picker;
    if (ed->mono_ms - p->typed_ms > WORD_PAUSE_MS)
        p->ntyped = 0;
    p->typed_ms = ed->mono_ms;
    p->typing = true;
    if (p->ntyped == sizeof p->typed / sizeof *p->typed)
        return;
    p->typed[p->ntyped] = lower(cp);
    if (p->ntyped && seek_choice(p, p->selected, p->ntyped + 1))
        p->ntyped++;
    else if ((!p->ntyped || (p->ntyped == 1 && p->typed[0] == p->typed[1])) &&
             seek_choice(p, p->selected + 1, 1))
        p->ntyped = 1;
}

/* A space among letters is a letter: it must not choose "not met" in "not seen", nor the first
 * choice when somebody who thinks to be in a text writes on. */
static bool space_is_typed(const struct editor *ed)
{
    return ed->picker.typing && !ed->picker.several &&
           ed->mono_ms - ed->picker.typed_ms <= WORD_PAUSE_MS;
}

static void set_value(struct editor *ed, struct field f, const char *value)
{
    struct err_info why = {0};
    enum err e = replica_set(ed->r, f, value, &why);
    if (e)
        model_refused(ed, e, &why);
    ed->stale = true;
}

static void follow(struct editor *ed, uint32_t person)
{
    ed->follow = person;
    ed->follow_at = (struct field){0};
    ed->stale = true;
    editor_say(ed, "Following %s; any motion of yours ends it.", replica_name(ed->r, person));
    model_follow(ed);
}

static void picker_commit(struct editor *ed)
{
    struct picker *p = &ed->picker;
    struct buf value = BUF_INIT;
    ed->popup = POPUP_NONE;
    const char *code = p->choices[p->selected].code;
    switch (p->purpose) {
    case PICK_VALUE:
        break;
    case PICK_FOLLOW:
        follow(ed, (uint32_t)strtoul(code, NULL, 10));
        return;
    case PICK_MODERATOR:
        model_draft_moderator(ed, (uint32_t)strtoul(code, NULL, 10));
        return;
    case PICK_STEP:
        model_draft_action_step(ed, code);
        return;
    case PICK_DRAFT:
        (void)model_draft_fill(ed, (enum draft_slot)p->slot, code, NULL); /* a choice is never empty
                                                                           * where one is needed */
        return;
    }
    if (!p->several)
        buf_append_str(&value, p->choices[p->selected].code);
    for (size_t i = 0; p->several && i < p->n; i++)
        if (p->ticked[i])
            buf_appendf(&value, "%s%s", value.len ? ", " : "", p->choices[i].code);
    set_value(ed, p->field, buf_cstr(&value));
    buf_free(&value);
}

void model_picker_action(struct editor *ed, enum action a)
{
    struct picker *p = &ed->picker;
    if (a == ACT_TOGGLE && space_is_typed(ed)) {
        model_picker_type(ed, ' ');
        return;
    }
    p->ntyped = 0;
    p->typing = false;
    switch ((int)a) {
    case ACT_UP:
        p->selected = p->selected ? p->selected - 1 : p->n - 1;
        return;
    case ACT_DOWN:
        p->selected = (p->selected + 1) % p->n;
        return;
    case ACT_HOME:
    case ACT_PAGE_UP:
        p->selected = 0;
        return;
    case ACT_END:
    case ACT_PAGE_DOWN:
        p->selected = p->n - 1;
        return;
    case ACT_TOGGLE:
        if (p->several)
            p->ticked[p->selected] = !p->ticked[p->selected];
        else
            picker_commit(ed);
        return;
    case ACT_ENTER:
        picker_commit(ed);
        return;
    default:
        return;
    }
}

/* ---- a line's keys ---- */

/* Days since 1970-01-01 of a civil date, and back (H. Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */
static long days_of(long y, long m, long d)
{
    y -= m <= 2;
    long era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    long doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of(long days, char out[16])
{
    days += 719468;
    long era = (days >= 0 ? days : days - 146096) / 146097, doe = days - era * 146097;
    long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    long m = mp < 10 ? mp + 3 : mp - 9;
    snprintf(out, 16, "%04d-%02d-%02d", (int)(yoe + era * 400 + (m <= 2)) % 10000, (int)m % 100,
             (int)(doy - (153 * mp + 2) / 5 + 1) % 100);
}

void model_today(const struct editor *ed, char out[16])
{
    out[0] = 0;
    if (ed->utc_ms)
        date_of((long)(ed->utc_ms / 86400000), out);
}

static void step_day(struct editor *ed, long by)
{
    struct line_box *b = &ed->line_box;
    int y, m, d = 1;
    char date[16];
    if (!b->is_date)
        return;
    if (sscanf(buf_cstr(&b->text), "%4d-%2d-%2d", &y, &m, &d) >= 2 && m >= 1 && m <= 12)
        date_of(days_of(y, m, d) + by, date);
    else
        model_today(ed, date);
    buf_clear(&b->text);
    buf_append_str(&b->text, date);
    b->pos_cp = strlen(date);
}

static size_t byte_at(const struct layout *l, size_t pos_cp)
{
    size_t g = layout_glyph_at(l, pos_cp);
    return g < l->nglyphs ? l->glyphs[g].byte : l->len_bytes;
}

static void line_splice(struct line_box *b, size_t from, size_t to, const uint8_t *utf8, size_t len)
{
    struct buf out = BUF_INIT;
    buf_append(&out, b->text.data, from);
    buf_append(&out, utf8, len);
    buf_append(&out, b->text.data + to, b->text.len - to);
    if (buf_failed(&out)) {
        buf_free(&out);
        return;
    }
    buf_free(&b->text);
    b->text = out;
}

void model_line_type(struct editor *ed, const uint8_t *utf8, size_t len)
{
    struct line_box *b = &ed->line_box;
    struct layout l = {0};
    struct buf clean = BUF_INIT;
    b->error[0] = 0;
    (void)clipboard_clean(utf8, len, true, &clean); /* one's own paste is seen in the line */
    if (!layout_make(&l, b->text.data, b->text.len, UINT16_MAX)) {
        size_t at = byte_at(&l, b->pos_cp);
        line_splice(b, at, at, clean.data, clean.len);
        long n = utf8_count(clean.data, clean.len);
        b->pos_cp += n > 0 ? (size_t)n : 0;
    }
    layout_fini(&l);
    buf_free(&clean);
}

enum err model_find_place(struct editor *ed, const char *where, struct field *f,
                          struct err_info *why)
{
    enum err e = audit_field_parse(model_audit(ed), where, f, why);
    const struct question *q = template_question_find(audit_template(model_audit(ed)), where);
    if (!q)
        return e;
    if (e)
        *f = (struct field){.question = q->number};
    *f = model_own_grade(ed, *f);
    return ERR_OK;
}

static void line_commit(struct editor *ed)
{
    struct line_box *b = &ed->line_box;
    struct err_info why = {0};
    struct field f;
    char date[16];
    enum err e;
    if (buf_failed(&b->text))
        return;
    switch (b->purpose) {
    case LINE_VALUE:
        e = replica_set(
            ed->r, b->field,
            b->is_date && field_date_typed(buf_cstr(&b->text), date) ? date : buf_cstr(&b->text),
            &why);
        if (e) {
            snprintf(b->error, sizeof b->error, "%s", why.text[0] ? why.text : err_text(e));
            return;
        }
        ed->stale = true;
        ed->popup = POPUP_NONE;
        return;
    case LINE_FIND:
        ed->popup = POPUP_NONE;
        buf_clear(&ed->needle);
        buf_append(&ed->needle, b->text.data, b->text.len);
        model_find(ed, false);
        return;
    case LINE_GO:
        if (model_find_place(ed, buf_cstr(&b->text), &f, &why)) {
            snprintf(b->error, sizeof b->error, "%s", why.text);
            return;
        }
        ed->popup = POPUP_NONE;
        model_go(ed, f, 0);
        ed->in_tree = !f.part && !model_focus_row(ed);
        return;
    case LINE_COMMENT:
    case LINE_REPLY:
        model_comment_commit(ed);
        return;
    case LINE_DRAFT:
        ed->life.draft.errand.closed = b->must_answer;
        if (!model_draft_fill(ed, (enum draft_slot)b->slot, buf_cstr(&b->text), &why))
            snprintf(b->error, sizeof b->error, "%s", why.text);
        return;
    }
}

static void line_move(struct line_box *b, enum action a)
{
    struct layout l = {0};
    size_t from, to, pos;
    if (layout_make(&l, b->text.data, b->text.len, UINT16_MAX)) {
        layout_fini(&l);
        return;
    }
    pos = b->pos_cp = layout_snap(&l, b->pos_cp);
    from = to = pos;
    switch ((int)a) {
    case ACT_LEFT:
        b->pos_cp = layout_left(&l, pos);
        break;
    case ACT_RIGHT:
        b->pos_cp = layout_right(&l, pos);
        break;
    case ACT_WORD_LEFT:
        b->pos_cp = layout_word_left(&l, pos);
        break;
    case ACT_WORD_RIGHT:
        b->pos_cp = layout_word_right(&l, pos);
        break;
    case ACT_HOME:
        b->pos_cp = 0;
        break;
    case ACT_END:
        b->pos_cp = l.len_cp;
        break;
    case ACT_ERASE_BACK:
        from = layout_left(&l, pos);
        break;
    case ACT_ERASE:
        to = layout_right(&l, pos);
        break;
    case ACT_ERASE_WORD_BACK:
        from = layout_word_left(&l, pos);
        break;
    case ACT_ERASE_WORD:
        to = layout_word_right(&l, pos);
        break;
    default:
        break;
    }
    if (from != to) {
        line_splice(b, byte_at(&l, from), byte_at(&l, to), NULL, 0);
        b->pos_cp = from;
        b->error[0] = 0;
    }
    layout_fini(&l);
}

void model_line_action(struct editor *ed, enum action a)
{
    switch ((int)a) {
    case ACT_ENTER:
        line_commit(ed);
        return;
    case ACT_PASTE:
        model_line_type(ed, ed->clipboard.data, ed->clipboard.len);
        return;
    case ACT_DAY_NEXT:
        step_day(ed, 1);
        return;
    case ACT_DAY_PREV:
        step_day(ed, -1);
        return;
    case ACT_MUST_ANSWER:
        ed->line_box.must_answer = !ed->line_box.must_answer;
        return;
    default:
        line_move(&ed->line_box, a);
        return;
    }
}

/* ---- yes or no ---- */

void model_ask_answer(struct editor *ed, bool yes)
{
    struct err_info why = {0};
    enum err e;
    ed->popup = POPUP_NONE;
    if (!yes)
        return;
    switch (ed->ask.purpose) {
    case ASK_LEAVE:
        ed->left = true;
        return;
    case ASK_FORGET:
        model_forget_kept(ed);
        return;
    case ASK_DRAFT:
        model_draft_send(ed);
        return;
    case ASK_REMOVE:
        e = replica_item_remove(ed->r, ed->ask.field.question, (enum part)ed->ask.field.part,
                                ed->ask.field.item, &why);
        if (e)
            model_refused(ed, e, &why);
        ed->stale = true;
        return;
    }
}
