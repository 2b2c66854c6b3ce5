/**
 * The made-up world's newspaper, read as it comes out: is anything missed, is anything read twice, are
 * the learner's choices explained, does memory grow?
 *
 *     bun run bench:newspaper --json > newspaper.json              # an hour, an item a second
 *     bun run bench:newspaper --per-second 20 --window 100 --every 1 --updates 0
 *
 * It is an instance with its poller, journal, reader and learner as `selkie serve` has them, and the
 * embedded model; only so many updates are learned as a day's budget allows, and none with 0. The feed
 * shows the latest items alone, so that one that is looked at too seldom loses some.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runPoller } from "../../agent/sources/poller.ts";
import { loadConfig } from "../../app/config.ts";
import { openInstance } from "../../app/instance.ts";
import { startLearner } from "../../app/learner.ts";
import { Newspaper } from "../../app/newspaper.ts";
import { changeSettings } from "../../app/settings-list.ts";
import { listDocuments } from "../../db/documents.ts";
import { addSource, countBySource, getSource } from "../../db/sources.ts";
import { machineLoad, thisMachine } from "../trainer/machine.ts";
import { choicesOf } from "./choices.ts";
import { memoryInUse, type Usage } from "./processes.ts";

const { values: flags } = parseArgs({
  options: {
    items: { type: "string", default: "3600" },
    "per-second": { type: "string", default: "1" },
    window: { type: "string", default: "600" },
    every: { type: "string" },
    updates: { type: "string", default: "12" },
    json: { type: "boolean", default: false },
  },
});
const most = Number(flags.items);
const every = 1000 / Number(flags["per-second"]);
const updates = Number(flags.updates);
/** How long reading may lag behind the last item, in milliseconds. */
const PATIENCE_MS = 600_000;
const SAMPLE_MS = 2000;
const MINUTE_MS = 60_000;

const root = mkdtempSync(join(tmpdir(), "selkie-newspaper-"));
const config = loadConfig({ SELKIE_HOME: root, SELKIE_PRIVATE_HOSTS: "127.0.0.1" });
const instance = openInstance(config);
const { db } = instance;
changeSettings(db, {
  niceness: 19,
  ...(updates > 0 ? { "daily-updates": updates } : { pause: "on" }),
});
const load = machineLoad();
const began = Date.now();
const window = Number(flags.window);
const paper = new Newspaper({ seed: "bench", startedAt: began, every, window, most });
const answers = { whole: 0, unchanged: 0 };
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => {
    const now = Date.now();
    const etag = `"${paper.count(now)}"`;
    if (request.headers.get("if-none-match") === etag) {
      answers.unchanged += 1;
      return new Response(null, { status: 304 });
    }
    answers.whole += 1;
    const headers = { "content-type": "application/rss+xml", etag };
    return new Response(paper.feed(now, request.url), { headers });
  },
});
const { source } = addSource(db, {
  kind: "feed",
  address: server.url.href,
  title: "Newspaper",
  content: "feed",
});
const stop = new AbortController();
const { signal } = stop;
const minInterval = flags.every === undefined ? undefined : Number(flags.every) * 1000;
const polling = runPoller({ db, limits: config.limits, signal, minInterval });
const learner = startLearner(instance, { signal });

interface Sample extends Usage {
  minute: number;
  /** Items that have come out and are not read. */
  behind: number;
}
const samples: Sample[] = [];
for (const end = began + most * every + PATIENCE_MS; Date.now() < end; ) {
  await Bun.sleep(SAMPLE_MS);
  const now = Date.now();
  const { read } = countBySource(db).get(source.id) ?? { read: 0 };
  const minute = Math.floor((now - began) / MINUTE_MS);
  const behind = paper.count(now) - read;
  if (minute !== samples.at(-1)?.minute)
    console.error(`${minute} min: ${read} read, ${behind} behind`);
  samples.push({ minute, behind, ...memoryInUse() });
  if (read >= most) break;
}
stop.abort();
await Promise.all([polling, learner.ended]);
await server.stop(true);

const seconds = (Date.now() - began) / 1000;
const counts = countBySource(db).get(source.id)!;
const titles = listDocuments(db, most * 2).map(({ title }) => title);
const wanted = new Set(Array.from({ length: most }, (_, i) => paper.item(i).title));
const { userCPUTime, systemCPUTime } = process.resourceUsage();
const result = {
  items: most,
  perSecond: Number(flags["per-second"]),
  window,
  seconds: Number(seconds.toFixed(1)),
  read: titles.length,
  missed: [...wanted].filter((title) => !titles.includes(title)).length,
  twice: titles.length - new Set(titles).size,
  failed: counts.failed,
  answers,
  error: getSource(db, source.id)!.error,
  choices: choicesOf(db),
  /** CPU seconds of this process: server, poller, journal and storing, not the taking apart and the learning. */
  cpuSeconds: Number(((userCPUTime + systemCPUTime) / 1e6).toFixed(1)),
  /** Means of each minute: memory in MB, items behind. */
  minutes: [...Map.groupBy(samples, ({ minute }) => minute)].map(([minute, all]) => ({
    minute,
    own: mean(all.map(({ own }) => own)),
    others: mean(all.map(({ others }) => others)),
    behind: mean(all.map(({ behind }) => behind)),
  })),
  greatestLag: Math.max(...samples.map(({ behind }) => behind)),
  machine: thisMachine(),
  load: load(),
};
await instance.close();
rmSync(root, { recursive: true });
if (flags.json) console.log(JSON.stringify(result, null, 2));
else console.log(inWords(result));
process.exit(isBad(result) ? 1 : 0);

type Result = typeof result;

function inWords({ read, missed, twice, failed, greatestLag, choices, minutes }: Result): string {
  const { unexplained, decided, waiting } = choices;
  return [
    `${most} items in ${seconds.toFixed(1)} s: ${read} read, ${missed} missed, ${twice} twice, ${failed} failed; at most ${greatestLag} behind.`,
    ...decided.map((it) => `${it.passages} ${it.decision}: ${it.example}`),
    `${waiting.passages} wait: ${waiting.rest ?? "they are learned one after another."}`,
    ...waiting.places.map(({ why, passages }) => `  ${passages}: ${why}`),
    `${unexplained} passages without an explanation.`,
    `Memory by minute, MB: ${minutes.map(({ own, others }) => `${own}+${others}`).join(" ")}`,
  ].join("\n");
}

function isBad({ missed, twice, failed, choices }: Result): boolean {
  return missed + twice + failed + choices.unexplained > 0;
}

function mean(values: number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
