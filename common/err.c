#include "common/err.h"

#include <stdarg.h>
#include <stdio.h>

struct err_row {
    enum err code;
    enum exit_code exit;
    const char *name;
    const char *text;
};

static const struct err_row rows[] = {
    {ERR_OK,                EXIT_DONE,              "ok",                "Done."                                                },
    {ERR_INPUT,             EXIT_REFUSED,           "input",             "The request could not be understood."                 },
    {ERR_NOT_FOUND,         EXIT_REFUSED,           "not_found",         "There is no such record, or you may not see it."      },
    {ERR_STALE,             EXIT_CONFLICT,          "stale",
     "Somebody changed this first; look at their value and try again."                                                          },
    {ERR_REFUSED_ROLE,      EXIT_REFUSED,           "refused_role",      "Your role may not do this."                           },
    {ERR_REFUSED_STATE,     EXIT_REFUSED,           "refused_state",
     "This cannot be done in the audit's present state."                                                                        },
    {ERR_REFUSED_ROOM,      EXIT_REFUSED,           "refused_room",      "Join the audit first."                                },
    {ERR_TOO_LARGE,         EXIT_REFUSED,           "too_large",         "That is larger than is allowed."                      },
    {ERR_SLOW_DOWN,         EXIT_REFUSED,           "slow_down",         "Too many requests; wait a moment and try again."      },
    {ERR_NOT_AUTHENTICATED, EXIT_NOT_AUTHENTICATED, "not_authenticated",
     "You are not signed in; ask for an enrolment code."                                                                        },
    {ERR_EXISTS,            EXIT_REFUSED,           "exists",            "That exists already."                                 },
    {ERR_REJOIN,            EXIT_REFUSED,           "rejoin",            "Your view of the audit is out of date; open it again."},
    {ERR_STORE,             EXIT_REFUSED,           "store",
     "The server could not write to its disk; nothing was changed."                                                             },
    {ERR_NET,               EXIT_UNREACHABLE,       "net",               "The server cannot be reached."                        },
    {ERR_TLS,               EXIT_NOT_AUTHENTICATED, "tls",               "A secure connection could not be made."               },
    {ERR_NOMEM,             EXIT_REFUSED,           "nomem",             "Out of memory."                                       },
    {ERR_FULL,              EXIT_REFUSED,           "full",              "The server's disk or queue is full; try again later." },
    {ERR_VERSION,           EXIT_REFUSED,           "version",           "This was made by a newer version of the program."     },
    {ERR_LOCKED,            EXIT_REFUSED,           "locked",            "Another program is using it."                         },
    {ERR_IO,                EXIT_REFUSED,           "io",                "A file could not be read or written."                 },
    {ERR_CORRUPT,           EXIT_REFUSED,           "corrupt",           "The stored data is damaged."                          },
};

/* The wire carries numbers that a newer server may have added: an unknown one is a plain refusal.
 */
static const struct err_row unknown = {
    ERR_INPUT, EXIT_REFUSED, "unknown",
    "The server refused, for a reason this version does not know."};

static const struct err_row *row_of(enum err e)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == e)
            return &rows[i];
    return &unknown;
}

const char *err_name(enum err e)
{
    return row_of(e)->name;
}

const char *err_text(enum err e)
{
    return row_of(e)->text;
}

enum exit_code err_exit_code(enum err e)
{
    return row_of(e)->exit;
}

/* A cut sentence is still a sentence, but half a character is not UTF-8 and would be refused where
 * it arrives. */
static void end_at_whole_character(char *text, size_t len)
{
    size_t start = len; /* of the last character */
    while (start && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    unsigned char lead = start ? (unsigned char)text[start - 1] : 0;
    size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (start && len - (start - 1) < need)
        text[start - 1] = 0;
}

enum err err_set(struct err_info *info, enum err code, const char *fmt, ...)
{
    if (!info)
        return code;
    va_list ap;
    va_start(ap, fmt);
    info->code = code;
    int len = vsnprintf(info->text, sizeof info->text, fmt, ap);
    va_end(ap);
    if (len < 0)
        info->text[0] = 0;
    else if ((size_t)len >= sizeof info->text)
        end_at_whole_character(info->text, sizeof info->text - 1);
    return code;
}
