import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variant } from "../../ggml/locate.ts";
import { CASES, type Case, fileOf } from "./cases.ts";
import { checkCase } from "./check-case.ts";
import type { Check } from "./checks.ts";
import type { DeviceResult } from "./report.ts";
import { lastLine, TaskRunner } from "./run-task.ts";
import type { Benchmark, DeviceFacts } from "./task.ts";

/** The case whose model speed is measured with. */
const MEASURED = CASES[0] as Case;

/**
 * Compares one device with the CPU and with llama.cpp, and measures its speed.
 * @param note told what is going on
 */
export async function selftest(
  variant: Variant,
  options: { note?: (line: string) => void; signal?: AbortSignal; cases?: readonly Case[] } = {},
): Promise<DeviceResult> {
  const { note = () => {}, signal, cases = CASES } = options;
  const folder = mkdtempSync(join(tmpdir(), "selkie-selftest-"));
  const runner = new TaskRunner(variant, folder, { ...(signal && { signal }) });
  try {
    // A process does: this one may load no libraries.
    const files = new Set([...cases, MEASURED].map(fileOf));
    await lastLine([`${import.meta.dir}/make-model.ts`, folder, ...files], {
      ...(signal && { signal }),
    });
    const checks: Check[] = [];
    for (const one of cases) {
      note(`${variant}: ${one.architecture}, ${one.base.name}…`);
      checks.push(...(await checkCase(variant, one, join(folder, fileOf(one)), runner)));
    }
    note(`${variant}: speed…`);
    const speed = await measure(variant, join(folder, fileOf(MEASURED)), runner);
    const passed = checks.every((it) => it.passed) && speed.problem === undefined;
    return { backend: variant, ...speed, processes: runner.processes, checks, passed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The device's name, and how fast it is; or why that is unknown. */
async function measure(
  variant: Variant,
  model: string,
  runner: TaskRunner,
): Promise<Pick<DeviceResult, "device" | "benchmark" | "problem">> {
  let device: DeviceFacts | undefined;
  let benchmark: Partial<Benchmark> = {};
  for (const kind of ["training speed", "scoring speed", "products"] as const) {
    const attempt = await runner.run({ kind, variant, model });
    if ("failed" in attempt) {
      const problem = `its ${kind} is unknown. ${attempt.failed.message}`;
      return { ...(device && { device }), problem };
    }
    device = attempt.outcome.device;
    benchmark = { ...benchmark, ...attempt.outcome.speed };
  }
  return { ...(device && { device }), benchmark: benchmark as Benchmark };
}
