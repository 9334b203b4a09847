#include <strings.h>

#include "common/audit/template.h"

static const struct {
    const char *code, *title;
} roles[ROLE_COUNT] = {
    [ROLE_FRO] = {"FRO",   "reviewing officer"                                            },
    [ROLE_FSW] = {"FSW",   "fostering social worker"                                      },
    [ROLE_CSW] = {"CSW",   "child's social worker"                                        },
    [ROLE_IRO] = {"IRO",   "independent reviewing officer"                                },
    [ROLE_IROM] = {"IROM",  "IRO manager"                                                  },
    [ROLE_FTM] = {"FTM",   "fostering team manager"                                       },
    [ROLE_SM] = {"SM",    "service manager"                                              },
    [ROLE_HOS] = {"HOS",   "head of service"                                              },
    [ROLE_DIR] = {"DIR",   "corporate director"                                           },
    [ROLE_EXEC] = {"EXEC",  "chief or executive director"                                  },
    [ROLE_QA] = {"QA",    "quality assurance and partnerships team"                      },
    [ROLE_LADO] = {"LADO",  "officer for allegations against people who work with children"},
    [ROLE_PANEL] = {"PANEL", "panel chair or adviser"                                       },
    [ROLE_SSL] = {"SSL",   "safeguarding and standards lead"                              },
    [ROLE_COMP] = {"COMP",  "complaints officer"                                           },
    [ROLE_BOARD] = {"BOARD", "board member or councillor"                                   },
    [ROLE_ADMIN] = {"ADMIN", "system operator"                                              },
};

static bool known(enum role r)
{
    return (unsigned)r > ROLE_NONE && (unsigned)r < ROLE_COUNT;
}

const char *role_code(enum role r)
{
    return known(r) ? roles[r].code : "?";
}

const char *role_title(enum role r)
{
    return known(r) ? roles[r].title : "?";
}

enum role role_find(const char *code)
{
    for (int r = ROLE_NONE + 1; r < ROLE_COUNT; r++)
        if (!strcasecmp(roles[r].code, code))
            return (enum role)r;
    return ROLE_NONE;
}
