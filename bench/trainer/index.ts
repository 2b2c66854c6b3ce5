/**
 * Our trainer beside PyTorch and PEFT on the same machine:
 *
 *     python3 -m venv bench/peft/venv && bench/peft/venv/bin/pip install -r bench/peft/requirements.txt
 *     bun run bench:trainer --json
 *
 * Interrupted, it goes on where it was; `--only`, `--models` and `--arms` choose parts of it.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Bench } from "./bench.ts";
import { measureMachine } from "./machine-rates.ts";
import { measureMatmul } from "./matmul.ts";
import { measureMemory } from "./memory.ts";
import { MODELS, type ModelName } from "./models.ts";
import { measurePrecision } from "./precision.ts";
import { tables } from "./report.ts";
import { measureSpeed } from "./speed.ts";
import { Store } from "./store.ts";
import { measureRecipes, measureUpdate } from "./update.ts";

/** In the order in which they run. */
const PARTS = {
  machine: measureMachine,
  speed: measureSpeed,
  precision: measurePrecision,
  update: measureUpdate,
  matmul: measureMatmul,
  memory: measureMemory,
  recipes: measureRecipes,
} as const;
type Part = keyof typeof PARTS;
/** Recipes are chosen beforehand. */
const REPORTED = Object.keys(PARTS).filter((part) => part !== "recipes");

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: REPORTED.join(",") },
    models: { type: "string", default: MODELS.join(",") },
    arms: { type: "string", default: "" },
    threads: { type: "string", default: String(availableParallelism()) },
    repetitions: { type: "string", default: "5" },
    lessons: { type: "string", default: "Infinity" },
    python: { type: "string", default: "bench/peft/venv/bin/python" },
    work: { type: "string", default: join("tmp", "bench") },
    out: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const parts = list(flags.only, Object.keys(PARTS), "part") as Part[];
const models = list(flags.models, MODELS, "model") as ModelName[];
const store = Store.open(flags.out ?? join(flags.work, "trainer.json"));
const bench = new Bench({
  places: { work: flags.work, python: flags.python },
  store,
  models,
  arms: flags.arms.split(",").filter(Boolean),
  threads: Number(flags.threads),
  repetitions: Number(flags.repetitions),
  lessons: Number(flags.lessons),
});
for (const part of parts) await PARTS[part](bench);
console.log(flags.json ? JSON.stringify(store.results, null, 2) : tables(store.results));
process.exit(0);

function list(text: string, known: readonly string[], what: string): string[] {
  const names = text.split(",").filter(Boolean);
  for (const name of names) {
    if (known.includes(name)) continue;
    console.error(`There is no ${what} "${name}". Known: ${known.join(", ")}.`);
    process.exit(2);
  }
  return names;
}
