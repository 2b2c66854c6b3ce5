import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variant } from "../../ggml/locate.ts";
import {
  BASES,
  type Base,
  type Check,
  check,
  curveDifference,
  logitsDifference,
  scoreDifference,
} from "./checks.ts";
import type { DeviceResult } from "./report.ts";
import type { Outcome, Task } from "./task.ts";

/** Milliseconds that one process may take: drivers compile their shaders at first. */
const PATIENCE = 120_000;

/** A process of the selftest ended without a result. */
class TaskFailed extends Error {}

/** An outcome, or why there is none. */
type Attempt = { outcome: Outcome } | { failed: TaskFailed };

/**
 * Compares one device with the CPU and with llama.cpp, and measures its speed. Every computation has
 * a process of its own: a process loads one set of libraries, and a driver that crashes takes one
 * check with it.
 * @param note told what is going on
 */
export async function selftest(
  variant: Variant,
  options: { note?: (line: string) => void; signal?: AbortSignal; bases?: readonly Base[] } = {},
): Promise<DeviceResult> {
  const { note = () => {}, signal, bases = BASES } = options;
  const folder = mkdtempSync(join(tmpdir(), "selkie-selftest-"));
  try {
    const checks: Check[] = [];
    const run = (task: Omit<Task, "folder">): Promise<Attempt> =>
      attempt({ ...task, folder }, signal);
    for (const base of bases) {
      signal?.throwIfAborted();
      note(`${variant}: ${base.name}…`);
      const model = join(folder, `${base.name}.gguf`);
      await makeModel(model, base.name);
      checks.push(...(await checkBase(variant, base, model, run)));
    }
    signal?.throwIfAborted();
    note(`${variant}: speed…`);
    const model = join(folder, "F32.gguf");
    await makeModel(model, "F32");
    const measured = await run({ kind: "benchmark", variant, model });
    const passed = checks.every((it) => it.passed);
    if ("failed" in measured) {
      const problem = `its speed is unknown. ${measured.failed.message}`;
      return { backend: variant, checks, problem, passed: false };
    }
    return { backend: variant, ...measured.outcome, checks, passed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function checkBase(
  variant: Variant,
  base: Base,
  model: string,
  run: (task: Omit<Task, "folder">) => Promise<Attempt>,
): Promise<Check[]> {
  const { name } = base;
  const logits = await run({ kind: "logits", variant, model });
  const llama = await run({ kind: "llama.cpp", variant, model });
  const curve = await run({ kind: "curve", variant, model });
  // On the CPU itself, the forms that other backends' graphs have are compared.
  const other =
    variant === "cpu"
      ? await run({ kind: "curve", variant, composedFor: "metal", model })
      : await run({ kind: "curve", variant: "cpu", model });
  const reference = variant === "cpu" ? "as composed for Metal" : "against the CPU";
  const compare = (
    what: string,
    limit: number,
    [a, b]: [Attempt, Attempt],
    difference: (a: Outcome, b: Outcome) => number,
  ): Check => check(what, name, limit, () => difference(outcomeOf(a), outcomeOf(b)));
  const checks = [
    compare("logits against llama.cpp", base.logits, [logits, llama], logitsDifference),
    compare(`losses ${reference}`, base.curve, [curve, other], curveDifference),
    compare(`scores ${reference}`, base.curve, [curve, other], scoreDifference),
  ];
  if (base.gradients !== undefined) {
    const { gradients } = base;
    const measured = await run({ kind: "gradients", variant, model });
    checks.push(
      check("gradients against differences", name, gradients, () => {
        return outcomeOf(measured).gradientError ?? Number.POSITIVE_INFINITY;
      }),
    );
  }
  return checks;
}

/** Writes a tiny model of random weights; a process does, for this one may load no libraries. */
async function makeModel(path: string, base: string): Promise<void> {
  await child([`${import.meta.dir}/make-model.ts`, path, base]);
}

function outcomeOf(attempt: Attempt): Outcome {
  if ("failed" in attempt) throw attempt.failed;
  return attempt.outcome;
}

async function attempt(task: Task, signal?: AbortSignal): Promise<Attempt> {
  try {
    const output = await child([`${import.meta.dir}/process.ts`, JSON.stringify(task)], signal);
    return { outcome: JSON.parse(output) as Outcome };
  } catch (error) {
    if (error instanceof TaskFailed) return { failed: error };
    throw error;
  }
}

/** The last line that a script prints. */
async function child(args: string[], signal?: AbortSignal): Promise<string> {
  const process_ = Bun.spawn({
    cmd: [process.execPath, ...args],
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE,
    ...(signal && { signal }),
  });
  const [output, errors] = await Promise.all([
    new Response(process_.stdout).text(),
    new Response(process_.stderr).text(),
  ]);
  const code = await process_.exited;
  signal?.throwIfAborted();
  const line = output.trim().split("\n").at(-1);
  if (code === 0 && line !== undefined) return line;
  const how = process_.signalCode ?? `exit ${code}`;
  const words = errors.split("\n").find((text) => /rror:|GGML_ASSERT/.test(text));
  throw new TaskFailed(`Its process ended (${how})${words ? `: ${words.trim()}` : ""}.`);
}
