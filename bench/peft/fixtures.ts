/**
 * Lets PyTorch and PEFT train the jobs that tests/unit/trainer/peft-parity.test.ts repeats:
 *
 *     python3 -m venv bench/peft/venv && bench/peft/venv/bin/pip install -r bench/peft/requirements.txt
 *     bun bench/peft/fixtures.ts
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  COMPARED,
  comparedJob,
  digest,
  FIXTURES,
  jobText,
  weightsDigest,
} from "../../tests/support/peft-job.ts";
import { SMALL_OF, writeRandomModel } from "../../tests/support/random-model.ts";
import { Backend } from "../../trainer/ggml/backend.ts";
import { createAdapter, writeAdapter } from "../../trainer/lora/adapter.ts";
import { exportPeft } from "../../trainer/lora/peft-export.ts";
import { loadModel } from "../../trainer/model/load.ts";

const { values: flags } = parseArgs({
  options: {
    python: { type: "string", default: "bench/peft/venv/bin/python" },
    work: { type: "string", default: join("tmp", "peft") },
  },
});
const backend = Backend.open("cpu", 1);

for (const architecture of COMPARED) {
  const work = resolve(flags.work, architecture);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const at = (name: string): string => join(work, name);
  const { hyper, extras } = SMALL_OF[architecture]!;
  writeRandomModel(at("base.gguf"), hyper, 1, extras);
  const job = comparedJob(at("ours.gguf"));
  const loaded = await loadModel(backend, at("base.gguf"));
  const adapter = createAdapter(backend, loaded.model, job.lora, job.options.seed);
  writeAdapter(backend, loaded.model, adapter, at("initial.gguf"));
  adapter.free();
  loaded.free();
  await exportPeft(backend.library, {
    adapter: at("initial.gguf"),
    base: at("base.gguf"),
    out: at("initial"),
  });
  writeFileSync(at("job.json"), jobText(job));

  python("convert.py", at("base.gguf"), at("model"));
  python("parity.py", at("model"), at("initial"), at("job.json"), at("trained"));

  const fixture = join(FIXTURES, architecture);
  mkdirSync(fixture, { recursive: true });
  for (const name of ["adapter_config.json", "adapter_model.safetensors"]) {
    copyFileSync(join(at("trained"), name), join(fixture, name));
  }
  const { versions, losses } = JSON.parse(readFileSync(at("trained/losses.json"), "utf8"));
  const sha256 = { weights: weightsDigest(at("base.gguf")), job: digest(jobText(job)) };
  writeFileSync(
    join(fixture, "losses.json"),
    `${JSON.stringify({ versions, sha256, losses }, null, 2)}\n`,
  );
  console.log(architecture, losses.length, "steps, loss", losses[0], "->", losses.at(-1));
}
process.exit(0);

function python(script: string, ...args: string[]): void {
  const { exitCode } = Bun.spawnSync([flags.python, join(import.meta.dir, script), ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}`);
}
