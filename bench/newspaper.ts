/**
 * The made-up world's newspaper, read as it comes out: is anything missed, is anything read twice,
 * does memory grow?
 *
 *     bun run bench:newspaper --items 3600 --per-second 20 --json
 *
 * An hour at one item a second is 3,600 items; here they come faster. The feed shows the latest 100
 * at a time, so that one that is looked at too seldom loses some. The poller, the journal and the
 * reader are those of `selkie serve`; nothing is learned.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openHome } from "../agent/home.ts";
import { type LoopContext, runLoop } from "../agent/loop.ts";
import { createReader } from "../agent/read/index.ts";
import { DEFAULT_LIMITS } from "../agent/read/limits.ts";
import { runPoller } from "../agent/sources/poller.ts";
import { Newspaper } from "../app/newspaper.ts";
import { listDocuments } from "../db/documents.ts";
import { closeDatabase, openDatabase } from "../db/open.ts";
import { addSource, countBySource, getSource } from "../db/sources.ts";
import { machineLoad, thisMachine } from "./trainer/machine.ts";

const { values: flags } = parseArgs({
  options: {
    items: { type: "string", default: "3600" },
    "per-second": { type: "string", default: "20" },
    window: { type: "string", default: "100" },
    json: { type: "boolean", default: false },
  },
});
const most = Number(flags.items);
const every = 1000 / Number(flags["per-second"]);
/** How long reading may lag behind the last item, in milliseconds. */
const PATIENCE_MS = 120_000;
const SAMPLE_MS = 2000;

const root = mkdtempSync(join(tmpdir(), "selkie-newspaper-"));
const home = openHome(root);
const db = openDatabase(home.database);
const load = machineLoad();
const began = Date.now();
const window = Number(flags.window);
const paper = new Newspaper({ seed: "bench", startedAt: began, every, first: 0, window, most });
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
  mode: "read",
  content: "feed",
});
const limits = { ...DEFAULT_LIMITS, privateHosts: ["127.0.0.1"] };
const stop = new AbortController();
const { signal } = stop;
const none = async () => {};
const polling = runPoller({ db, limits, signal, minInterval: 1000, timing: { tick: 200 } });
const looping = runLoop({
  context: { db, home } as LoopContext,
  handlers: { read: createReader(limits), learn: none, round: none } as never,
  signal,
  timing: { poll: 50 },
});

const memory: number[] = [];
let lag = 0;
for (const end = began + most * every + PATIENCE_MS; Date.now() < end; ) {
  await Bun.sleep(SAMPLE_MS);
  memory.push(process.memoryUsage.rss() / 2 ** 20);
  const { read } = countBySource(db).get(source.id) ?? { read: 0 };
  lag = Math.max(lag, paper.count(Date.now()) - read);
  if (read >= most) break;
}
stop.abort();
await Promise.all([polling, looping]);
await server.stop(true);

const seconds = (Date.now() - began) / 1000;
const counts = countBySource(db).get(source.id)!;
const titles = listDocuments(db, most * 2).map(({ title }) => title);
const wanted = new Set(Array.from({ length: most }, (_, i) => paper.item(i).title));
const result = {
  items: most,
  perSecond: Number(flags["per-second"]),
  seconds: Number(seconds.toFixed(1)),
  read: titles.length,
  missed: [...wanted].filter((title) => !titles.includes(title)).length,
  twice: titles.length - new Set(titles).size,
  failed: counts.failed,
  greatestLag: lag,
  answers,
  error: getSource(db, source.id)!.error,
  /** Resident memory of the process in MB: means of the four quarters. */
  memory: quarters(memory).map(Math.round),
  machine: thisMachine(),
  load: load(),
};
closeDatabase(db);
rmSync(root, { recursive: true });
if (flags.json) console.log(JSON.stringify(result, null, 2));
else {
  const { read, missed, twice, failed, greatestLag } = result;
  console.log(
    `${most} items in ${result.seconds} s: ${read} read, ${missed} missed, ${twice} twice, ${failed} failed; at most ${greatestLag} behind.`,
  );
  console.log(`Memory by quarter, MB: ${result.memory.join(", ")}`);
}
process.exit(isBad(result) ? 1 : 0);

function isBad({ missed, twice, failed }: { missed: number; twice: number; failed: number }) {
  return missed + twice + failed > 0;
}

function quarters(samples: number[]): number[] {
  const size = Math.max(1, Math.floor(samples.length / 4));
  return [0, 1, 2, 3].map((q) => {
    const part = samples.slice(q * size, q === 3 ? undefined : (q + 1) * size);
    return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length);
  });
}
