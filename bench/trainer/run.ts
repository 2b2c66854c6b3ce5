import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Load, machineLoad } from "./machine.ts";
import { type ModelName, modelFile } from "./models.ts";
import type { Outcome, Spec } from "./spec.ts";

const PEFT = join(import.meta.dir, "..", "peft");

/** Where files are made, and which Python has PyTorch and PEFT. */
export interface Places {
  work: string;
  python: string;
}

export type Side = "ours" | "peft";

/** An outcome, and what else the machine did meanwhile. */
export type Measured = Outcome & { load: Load };

/** Trains what a spec says in a process of its own. @throws Error when it fails */
export async function runSpec({ work, python }: Places, side: Side, spec: Spec): Promise<Measured> {
  mkdirSync(work, { recursive: true });
  const specPath = resolve(work, `spec-${process.pid}.json`);
  const outcomePath = resolve(work, `outcome-${process.pid}.json`);
  writeFileSync(specPath, JSON.stringify(spec));
  const command =
    side === "ours"
      ? [process.execPath, join(import.meta.dir, "ours.ts")]
      : [python, join(PEFT, "train.py")];
  try {
    const load = machineLoad();
    await run([...command, specPath, outcomePath]);
    return { ...(JSON.parse(readFileSync(outcomePath, "utf8")) as Outcome), load: load() };
  } finally {
    rmSync(specPath, { force: true });
    rmSync(outcomePath, { force: true });
  }
}

/** A model as the peer loads it: a Hugging Face folder of its F32 weights. */
export async function modelFolder(places: Places, name: ModelName): Promise<string> {
  const gguf = await modelFile(places.work, name, "f32");
  const folder = join(places.work, `${name}-huggingface`);
  const weights = join(folder, "model.safetensors");
  if (!existsSync(weights) || statSync(weights).mtimeMs < statSync(gguf).mtimeMs) {
    await run([places.python, join(PEFT, "convert.py"), gguf, folder]);
  }
  return folder;
}

/** PyTorch's GFLOP/s for a product of 1024 x 1024 matrices. */
export async function peerMatmul(
  { python }: Places,
  threads: number,
): Promise<Record<"f32" | "bf16", number>> {
  return JSON.parse(await run([python, join(PEFT, "matmul.py"), String(threads)]));
}

/** Runs a command and returns what it printed. */
export async function run(cmd: string[]): Promise<string> {
  const child = Bun.spawn({ cmd, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  if (code === 0) return output;
  throw new Error(
    `${cmd.join(" ")} ended with ${code}:\n${errors.split("\n").slice(-15).join("\n")}`,
  );
}
