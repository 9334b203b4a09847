/* Who has read a record: for the people on it, and for those who manage and assure its team. */

#include <stdlib.h>
#include <string.h>

#include "server/api/act.h"

static bool fill(struct call *c, const struct store_read_log *log, Tandem__ReaderList *list)
{
    list->rows = call_alloc(c, log->nrows * sizeof(Tandem__ReaderRow *));
    Tandem__ReaderRow *row = call_alloc(c, log->nrows * sizeof *row);
    if (!list->rows || !row)
        return false;
    for (size_t i = 0; i < log->nrows; i++, row++) {
        const struct person *p = people_find(c->core->people, log->rows[i].person);
        tandem__reader_row__init(row);
        row->utc_ms = log->rows[i].utc_ms;
        row->person = log->rows[i].person;
        row->name = (char *)(p ? p->name : "");
        row->what = log->rows[i].what;
        list->rows[list->n_rows++] = row;
    }
    /* This very reading is the last entry: where a page ends before it, there is another. */
    list->more = log->nrows && log->rows[log->nrows - 1].utc_ms < c->utc_ms;
    return true;
}

static void read_done(struct call *c, enum err e)
{
    struct store_read_log log = c->store.readlog;
    if (call_goes_on(c, e)) {
        Tandem__ReaderList list = TANDEM__READER_LIST__INIT;
        Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
        env.body_case = TANDEM__ENVELOPE__BODY_READER_LIST;
        env.reader_list = &list;
        if (fill(c, &log, &list))
            call_answer(c, &env);
        else
            call_no_memory(c);
    }
    if (!e)
        free(log.rows);
}

static void noted(struct call *c, enum err e)
{
    if (!call_goes_on(c, e))
        return;
    memset(&c->store, 0, sizeof c->store);
    c->store.readlog.audit = live_number(c->la);
    c->store.readlog.after_utc_ms = c->env->readers->after_utc_ms;
    call_store(c, STORE_READ_LOG, read_done);
}

void handle_readers(struct call *c)
{
    if (audit_glass_of(live_state(c->la), call_person(c)->viewer.person)) {
        call_fail(c, ERR_REFUSED_ROLE, "",
                  "Who opened this record is for the people on it and for those who manage it.");
        return;
    }
    c->utc_ms = c->core->utc_ms; /* as call_enter notes it */
    call_enter(c, "readers", false, noted);
}
