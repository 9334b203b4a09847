#include <strings.h>

#include "common/audit/event.h"

static const struct {
    enum audit_state state;
    const char *code;
} states[] = {
    {AUDIT_PLANNED,         "PLANNED"        },
    {AUDIT_PREPARING,       "PREPARING"      },
    {AUDIT_IN_PROGRESS,     "IN_PROGRESS"    },
    {AUDIT_AGREED,          "AGREED"         },
    {AUDIT_SUBMITTED,       "SUBMITTED"      },
    {AUDIT_MODERATING,      "MODERATING"     },
    {AUDIT_RETURNED,        "RETURNED"       },
    {AUDIT_MODERATED,       "MODERATED"      },
    {AUDIT_ACTION_PLANNING, "ACTION_PLANNING"},
    {AUDIT_ASSURANCE,       "ASSURANCE"      },
    {AUDIT_FOLLOW_UP,       "FOLLOW_UP"      },
    {AUDIT_CLOSED,          "CLOSED"         },
    {AUDIT_WITHDRAWN,       "WITHDRAWN"      },
};

const char *audit_state_code(enum audit_state s)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (states[i].state == s)
            return states[i].code;
    return "?";
}

enum audit_state audit_state_find(const char *code)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (!strcasecmp(states[i].code, code))
            return states[i].state;
    return (enum audit_state)0;
}
