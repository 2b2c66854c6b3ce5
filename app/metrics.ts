import { Gauge, Registry } from "prom-client";
import { countDocuments } from "../db/documents.ts";
import { countJobs } from "../db/jobs.ts";
import { latestMeasurement } from "../db/measurements.ts";
import type { Database } from "../db/open.ts";
import { countPassages } from "../db/passages.ts";
import { countVerdicts } from "../db/updates.ts";
import { currentVersion } from "../db/versions.ts";
import { countDeliveries } from "../db/webhooks.ts";
import { version } from "../package.json";
import { backupState } from "./archive/schedule.ts";
import { sourceLines } from "./facts-sources.ts";
import type { Learner } from "./learner.ts";

/** A gauge's values by the value of its one label; or one value, where it has none. */
type Reading = number | undefined | Record<string, number | undefined>;

/**
 * The figures of an instance for Prometheus. All are read from the database when they are asked for: they
 * are the same whichever process answers, and survive a restart.
 */
export function createMetrics(db: Database, learner: Pick<Learner, "state">): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: () => Reading, label?: string): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      ...(label !== undefined && { labelNames: [label] }),
      collect() {
        this.reset();
        const reading = read();
        if (typeof reading === "number") this.set(reading);
        else if (label !== undefined) {
          for (const [value, n] of Object.entries(reading ?? {})) {
            if (n !== undefined) this.set({ [label]: value }, n);
          }
        }
      },
    });
  };
  const figures = () => latestMeasurement(db)?.figures;

  gauge(
    "selkie_info",
    "Always 1; the label is Selkie's version.",
    () => ({ [version]: 1 }),
    "version",
  );
  gauge("selkie_documents", "Documents read.", () => countDocuments(db));
  gauge("selkie_passages", "Passages by what became of them.", () => countPassages(db), "decision");
  gauge("selkie_jobs", "Jobs of the journal by state.", () => countJobs(db), "state");
  gauge("selkie_updates", "Updates that ended, by verdict.", () => countVerdicts(db), "verdict");
  gauge(
    "selkie_version",
    "The version that answers; 0 is the base.",
    () => currentVersion(db)?.id ?? 0,
  );
  gauge(
    "selkie_sources",
    "Sources by state.",
    () => tally(sourceLines(db).map((it) => it.state)),
    "state",
  );
  gauge(
    "selkie_webhook_deliveries",
    "Messages to webhooks by state.",
    () => countDeliveries(db),
    "state",
  );
  gauge(
    "selkie_loop_paused",
    "1 while the loop of this process waits for something to be put right.",
    () => (learner.state().phase === "paused" ? 1 : 0),
  );
  gauge("selkie_backup_seconds", "Unix time of the last good backup.", () => {
    const { last } = backupState(db);
    return last === null ? undefined : last / 1000;
  });
  gauge(
    "selkie_memory",
    "Means of the latest measurement: accuracy, backward transfer, forgetting, net gain.",
    () => {
      const now = figures();
      return {
        acc: now?.acc?.mean,
        bwt: now?.bwt?.mean,
        forgetting: now?.forgetting?.mean,
        net_gain: now?.netGain?.mean,
      };
    },
    "measure",
  );
  gauge(
    "selkie_control",
    "Of the base's own knowledge and skills, the share that is left.",
    () => {
      const { fact, reading, writing } = figures()?.control ?? {};
      return {
        fact: fact?.mean,
        reading: reading?.mean,
        writing: writing?.mean,
      };
    },
    "kind",
  );
  gauge("process_resident_memory_bytes", "Memory of the server's process.", () =>
    process.memoryUsage.rss(),
  );
  return registry;
}

function tally(words: string[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(words, (it) => it)].map(([word, all]) => [word, all.length]),
  );
}
