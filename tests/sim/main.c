/* The simulator's command line:
 *   sim [--seeds N] [--from S] [--steps K] [--only SEED] [--races] [--control NAME]
 * Runs N worlds (with --races those in which people act on the record while others write); the
 * first that breaks an invariant prints its seed and sentence and ends with 1. Every hundredth seed
 * runs twice and must travel the same bytes. With --control the deliberate fault must be caught
 * within the seeds: then, and only then, the exit code is 0. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "tests/sim/world.h"

struct totals {
    uint64_t steps, edits, crashes, cuts, acks, retries;
    uint64_t asked[ASK_INVITE + 1][FATE_UNKNOWN + 1];
};

static bool run_one(uint64_t seed, unsigned steps, bool races, struct sim_control control,
                    uint64_t *trace, struct totals *sum, char failure[512])
{
    struct world *w = world_new(seed, races, control);
    bool ok = !world_failed(w) && world_run(w, steps);
    *trace = w->trace;
    sum->steps += w->steps;
    sum->edits += w->edits;
    sum->crashes += w->crashes;
    sum->cuts += w->cuts;
    sum->acks += w->nacks;
    sum->retries += w->retries;
    for (size_t i = 0; i < w->nasked; i++)
        sum->asked[w->asked[i]->kind][w->asked[i]->fate]++;
    snprintf(failure, 512, "%s", w->failure);
    world_free(w);
    return ok;
}

static void print_asked(const struct totals *sum)
{
    static const char *const kinds[] = {
        [ASK_SIGN] = "signatures",    [ASK_MOVE] = "moves",        [ASK_ASSIGN] = "assignments",
        [ASK_FLAG] = "flags",         [ASK_GLASS] = "break-glass", [ASK_REMOVE] = "removals",
        [ASK_INVITE] = "invitations",
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        printf("sim: %s: %llu done, %llu refused, %llu without an answer\n", kinds[i],
               (unsigned long long)sum->asked[i][FATE_DONE],
               (unsigned long long)sum->asked[i][FATE_REFUSED],
               (unsigned long long)sum->asked[i][FATE_UNKNOWN]);
}

static bool control_parse(const char *name, struct sim_control *c)
{
    const struct row {
        const char *name;
        bool *fault;
    } rows[] = {
        {"ack-before-commit", &c->ack_before_commit},
        {"forget-retry",      &c->forget_retry     },
        {"sign-any-revision", &c->sign_any_revision},
        {"late-freeze",       &c->late_freeze      },
    };
    size_t n = sizeof rows / sizeof *rows;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(name, rows[i].name))
            return *rows[i].fault = true;
    fputs("sim: the controls are", stderr);
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, " %s", rows[i].name);
    fputc('\n', stderr);
    return false;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 100, from = 1;
    unsigned steps = 400;
    struct sim_control control = {0};
    bool controlled = false, races = false;
    static const struct option options[] = {
        {"seeds", 1, NULL, 'n'},
        {"from",   1, NULL, 'f'},
        {"steps",       1, NULL, 's'},
        {"only",    1, NULL, 'o'},
        {"control",    1, NULL, 'c'},
        {"races", 0, NULL, 'r'},
        {0  },
    };
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 'n':
            seeds = strtoull(optarg, NULL, 10);
            break;
        case 'f':
            from = strtoull(optarg, NULL, 10);
            break;
        case 's':
            steps = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'o':
            from = strtoull(optarg, NULL, 10);
            seeds = 1;
            break;
        case 'r':
            races = true;
            break;
        case 'c':
            controlled = true;
            if (!control_parse(optarg, &control))
                return 2;
            break;
        default:
            return 2;
        }
    }
    if (seeds == 0) {
        fprintf(stderr, "sim: --seeds wants a number of at least 1\n");
        return 2;
    }
    log_set_level(LOG_LEVEL_ERROR);
    struct totals sum = {0};
    for (uint64_t seed = from; seed < from + seeds; seed++) {
        char failure[512];
        uint64_t trace, again;
        bool ok = run_one(seed, steps, races, control, &trace, &sum, failure);
        if (ok && seed % 100 == 0) {
            ok = run_one(seed, steps, races, control, &again, &sum, failure);
            if (ok && again != trace) {
                ok = false;
                snprintf(failure, sizeof failure, "a replay travelled other bytes");
            }
        }
        if (ok)
            continue;
        if (controlled) {
            printf("sim: the control was caught by seed %llu: %s\n", (unsigned long long)seed,
                   failure);
            return 0;
        }
        printf("sim: seed %llu FAILED: %s\n  again: sim%s --only %llu --steps %u\n",
               (unsigned long long)seed, failure, races ? " --races" : "", (unsigned long long)seed,
               steps);
        return 1;
    }
    if (races)
        print_asked(&sum);
    printf("sim: %llu seeds held: %llu steps, %llu edits, %llu acknowledged batches, %llu server "
           "crashes, %llu cuts, %llu batches sent twice, %llu commits refused\n",
           (unsigned long long)seeds, (unsigned long long)sum.steps, (unsigned long long)sum.edits,
           (unsigned long long)sum.acks, (unsigned long long)sum.crashes,
           (unsigned long long)sum.cuts, (unsigned long long)sum.retries,
           (unsigned long long)quiet_lost());
    if (controlled) {
        printf("sim: the control was NOT caught\n");
        return 1;
    }
    return 0;
}
