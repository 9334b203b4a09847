#include <criterion/criterion.h>
#include <string.h>

#include "common/audit/event.h"

/* Numbers and codes as written in the service's own list of roles. */
static const struct {
    int number;
    const char *code;
} expected[] = {
    {1,  "FRO"  },
    {2,  "FSW"  },
    {3,  "CSW"  },
    {4,  "IRO"  },
    {5,  "IROM" },
    {6,  "FTM"  },
    {7,  "SM"   },
    {8,  "HOS"  },
    {9,  "DIR"  },
    {10, "EXEC" },
    {11, "QA"   },
    {12, "LADO" },
    {13, "PANEL"},
    {14, "SSL"  },
    {15, "COMP" },
    {16, "BOARD"},
    {17, "ADMIN"},
};

Test(role, every_role_has_its_code_and_title)
{
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        enum role r = (enum role)expected[i].number;
        cr_expect_str_eq(role_code(r), expected[i].code);
        cr_expect_eq(role_find(expected[i].code), r);
        cr_expect(strlen(role_title(r)) > 5, "%s has a title", expected[i].code);
        cr_expect_neq(ROLE_BIT(r), 0u);
    }
    cr_expect_eq(ROLE_COUNT, 18);
}

Test(role, case_does_not_matter_and_strangers_are_none)
{
    cr_expect_eq(role_find("iro"), ROLE_IRO);
    cr_expect_eq(role_find("Fsw"), ROLE_FSW);
    cr_expect_eq(role_find(""), ROLE_NONE);
    cr_expect_eq(role_find("IRO "), ROLE_NONE);
    cr_expect_eq(role_find("?"), ROLE_NONE);
    cr_expect_str_eq(role_code(ROLE_NONE), "?");
    cr_expect_str_eq(role_code((enum role)18), "?");
    cr_expect_str_eq(role_title((enum role) - 1), "?");
}

Test(audit_state, every_state_has_its_code)
{
    static const char *const codes[] = {"PLANNED",         "PREPARING",  "IN_PROGRESS", "AGREED",
                                        "SUBMITTED",       "MODERATING", "RETURNED",    "MODERATED",
                                        "ACTION_PLANNING", "ASSURANCE",  "FOLLOW_UP",   "CLOSED",
                                        "WITHDRAWN"};
    for (size_t i = 0; i < 13; i++) {
        enum audit_state s = (enum audit_state)(i + 1);
        cr_expect_str_eq(audit_state_code(s), codes[i]);
        cr_expect_eq(audit_state_find(codes[i]), s);
    }
    cr_expect_eq(audit_state_find("in_progress"), AUDIT_IN_PROGRESS);
    cr_expect_eq((int)audit_state_find("OPEN"), 0);
    cr_expect_str_eq(audit_state_code((enum audit_state)0), "?");
    cr_expect_str_eq(audit_state_code((enum audit_state)14), "?");
}
