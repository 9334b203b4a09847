/* The simulator's command line:
 *   sim [--seeds N] [--from S] [--steps K] [--only SEED] [--control NAME]
 * Runs N worlds; the first that breaks an invariant prints its seed and sentence and ends with 1.
 * Every hundredth seed runs twice and must travel the same bytes. With --control the deliberate
 * fault must be caught within the seeds: then, and only then, the exit code is 0. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "tests/sim/world.h"

struct totals {
    uint64_t steps, edits, crashes, cuts, acks, retries;
};

static bool run_one(uint64_t seed, unsigned steps, struct sim_control control, uint64_t *trace,
                    struct totals *sum, char failure[512])
{
    struct world *w = world_new(seed, control);
    bool ok = !world_failed(w) && world_run(w, steps);
    *trace = w->trace;
    sum->steps += w->steps;
    sum->edits += w->edits;
    sum->crashes += w->crashes;
    sum->cuts += w->cuts;
    sum->acks += w->nacks;
    sum->retries += w->retries;
    snprintf(failure, 512, "%s", w->failure);
    world_free(w);
    return ok;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 100, from = 1;
    unsigned steps = 400;
    struct sim_control control = {0};
    bool controlled = false;
    static const struct option options[] = {
        {"seeds", 1, NULL, 'n'},
        {"from",   1, NULL, 'f'},
        {"steps",       1, NULL, 's'},
        {"only",    1, NULL, 'o'},
        {"control",    1, NULL, 'c'},
        {0},
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
        case 'c':
            controlled = true;
            control.ack_before_commit = !strcmp(optarg, "ack-before-commit");
            control.forget_retry = !strcmp(optarg, "forget-retry");
            if (!control.ack_before_commit && !control.forget_retry) {
                fprintf(stderr, "sim: controls are ack-before-commit and forget-retry\n");
                return 2;
            }
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
        bool ok = run_one(seed, steps, control, &trace, &sum, failure);
        if (ok && seed % 100 == 0) {
            ok = run_one(seed, steps, control, &again, &sum, failure);
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
        printf("sim: seed %llu FAILED: %s\n  again: sim --only %llu --steps %u\n",
               (unsigned long long)seed, failure, (unsigned long long)seed, steps);
        return 1;
    }
    printf("sim: %llu seeds held: %llu steps, %llu edits, %llu acknowledged batches, %llu server "
           "crashes, %llu cuts, %llu batches sent twice\n",
           (unsigned long long)seeds, (unsigned long long)sum.steps, (unsigned long long)sum.edits,
           (unsigned long long)sum.acks, (unsigned long long)sum.crashes,
           (unsigned long long)sum.cuts, (unsigned long long)sum.retries);
    if (controlled) {
        printf("sim: the control was NOT caught\n");
        return 1;
    }
    return 0;
}
