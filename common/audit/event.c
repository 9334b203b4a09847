#include "common/audit/event.h"

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
        break;
    }
    return (struct field){0};
}
