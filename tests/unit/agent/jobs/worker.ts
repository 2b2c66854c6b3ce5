/**
 * A process that runs the loop on the database in its first argument until it is killed: each job's
 * effect is an event, committed together with the end of the job.
 */
import { openHome } from "../../../../agent/home.ts";
import { type LoopContext, runLoop } from "../../../../agent/loop.ts";
import { addEvent } from "../../../../db/events.ts";
import { finishJob } from "../../../../db/jobs.ts";
import { openDatabase, transaction } from "../../../../db/open.ts";

const home = openHome(process.argv[2]!);
const db = openDatabase(home.database);
await runLoop({
  context: { db, home } as LoopContext,
  signal: new AbortController().signal,
  timing: { poll: 2 },
  handlers: {
    read: async () => {},
    skill: async () => {},
    round: async () => {},
    measure: async () => {},
    refit: async () => {},
    learn: async (_context, job) => {
      await Bun.sleep(Math.random() * 8);
      transaction(db, () => {
        addEvent(db, { level: "info", kind: "effect", message: job.key, jobId: job.id });
        finishJob(db, job);
      });
      await Bun.sleep(Math.random() * 8);
    },
  },
});
