#include "common/audit/event.h"

#include <string.h>

const char *const audit_ways_in[] = {
    "annual_review", "monthly_manager",    "thematic",  "dip",
    "observation",   "management_request", "complaint", NULL,
};

const char *const audit_link_kinds[] = {
    "re_audit",    "earlier_audit", "dip_audit", "challenge", "meeting",
    "observation", "feedback",      "study",     "related",   NULL,
};

const char *const audit_move_results[] = {"upheld", "changed", "split_decided", NULL};

bool audit_is_code(const char *const *table, const char *code)
{
    for (; *table; table++)
        if (!strcmp(*table, code))
            return true;
    return false;
}

struct field audit_op_field(const struct audit_op *op)
{
    switch (op->kind) {
    case OP_TEXT:
        return op->text.field;
    case OP_SET:
        return op->set.field;
    case OP_ITEM_ADD:
    case OP_ITEM_REMOVE:
        return op->item.field;
    case OP_COMMENT_ADD:
        return op->comment.field;
    case OP_CREATE:
    case OP_MEMBER_ADD:
    case OP_MEMBER_REMOVE:
    case OP_MOVE:
    case OP_COMMENT_REPLY:
    case OP_COMMENT_RESOLVE:
    case OP_HELD:
    case OP_SIGN:
    case OP_ASSIGN:
    case OP_FLAG:
    case OP_FLAG_NOTE:
    case OP_GLASS:
    case OP_GLASS_END:
    case OP_LINK:
    case OP_PLAN:
        break;
    }
    return (struct field){0};
}
