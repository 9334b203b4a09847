#ifndef TANDEM_SERVER_API_HANDLERS_H
#define TANDEM_SERVER_API_HANDLERS_H

/* One per row of the route table (routes.c). Each takes the call. */

struct call;

void handle_hello(struct call *c);
void handle_ping(struct call *c);
void handle_pong(struct call *c);
void handle_enrol(struct call *c);
void handle_renew(struct call *c);
void handle_list_audits(struct call *c);
void handle_new_audit(struct call *c);
void handle_get_template(struct call *c);
void handle_list_people(struct call *c);
void handle_set_member(struct call *c);
void handle_join(struct call *c);
void handle_leave(struct call *c);
void handle_who(struct call *c);
void handle_presence(struct call *c);
void handle_edit(struct call *c);
void handle_history(struct call *c);
void handle_view_at(struct call *c);
void handle_next(struct call *c);
void handle_move_audit(struct call *c);
void handle_sign(struct call *c);
void handle_verify_signatures(struct call *c);
void handle_moderators(struct call *c);
void handle_action_step(struct call *c);
void handle_raise_flag(struct call *c);
void handle_note_flag(struct call *c);
void handle_inbox(struct call *c);
void handle_readers(struct call *c);
void handle_break_glass(struct call *c);
void handle_rules(struct call *c);
void handle_trigger(struct call *c);
void handle_plan_audit(struct call *c);

#endif
