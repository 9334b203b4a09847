/* The rules as people read them. */

#include "server/api/act.h"

void handle_rules(struct call *c)
{
    struct buf text = BUF_INIT;
    Tandem__RulesText answer = TANDEM__RULES_TEXT__INIT;
    Tandem__Envelope env = TANDEM__ENVELOPE__INIT;
    if (c->env->rules->dot)
        life_rules_dot(&text);
    else
        life_rules_text(&text, &c->core->settings.clock);
    answer.text = (char *)buf_cstr(&text);
    env.body_case = TANDEM__ENVELOPE__BODY_RULES_TEXT;
    env.rules_text = &answer;
    if (buf_failed(&text))
        call_no_memory(c);
    else
        call_answer(c, &env);
    buf_free(&text);
}
