import { afterAll, describe, expect, test } from "bun:test";
import type { DeviceReport } from "../../../trainer/devices/devices.ts";
import { locateLibraries } from "../../../trainer/ggml/locate.ts";
import { BF16, F32 } from "../../../trainer/ggml/tensor.ts";
import type { Score } from "../../../trainer/types.ts";
import { SMALL, SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
import { scratch } from "./fixture.ts";

/** The first use of the software device compiles its shaders. */
const MINUTES = 60_000;
/** ggml hides software devices unless one is chosen by its index. */
const ENVIRONMENT = { ...process.env, GGML_VK_VISIBLE_DEVICES: "0", LP_NUM_THREADS: "1" };
/**
 * Mesa's software driver ends about every other process with a segmentation fault or a double free, about
 * every eighth with one thread of its own. Such a process is tried again; one that ends by itself is not.
 */
const ATTEMPTS = 6;
const TRAINER = `${import.meta.dir}/../../../trainer`;

const { file, remove } = scratch("vulkan");
afterAll(remove);

/** Runs a script in a process of its own, since a process loads one set of libraries. */
async function lastLine(script: string, ...args: string[]): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const child = Bun.spawn({
      cmd: [process.execPath, script, ...args],
      env: ENVIRONMENT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const line = output.trim().split("\n").at(-1);
    if ((await child.exited) === 0 && line) return line;
    const how = child.signalCode ?? child.exitCode;
    if (!child.signalCode || attempt === ATTEMPTS) {
      throw new Error(`${script} ${args.join(" ")} failed (${how}): ${errors.slice(-2000)}`);
    }
    console.warn(`The Vulkan driver crashed (${how}); trying again.`);
  }
}

/** Why there is no Vulkan device to test; nothing where there is one. */
async function missingDevice(): Promise<string | undefined> {
  if (!locateLibraries("vulkan")) return "its libraries are not installed on this platform";
  try {
    const line = await lastLine(`${TRAINER}/devices/probe-device.ts`, "vulkan");
    const report = JSON.parse(line) as DeviceReport;
    return report.usable ? undefined : report.problem;
  } catch (error) {
    return String(error);
  }
}

const missing = await missingDevice();
if (missing) console.warn(`The Vulkan backend is not tested: ${missing}`);

/**
 * Bases, and how far losses and log-probabilities may lie apart, relative to their size. The device
 * rounds activations to F16 for its products, the CPU those of quantized weights to 8 bits.
 */
const BASES: Record<string, { typeOf: (name: string) => number; tolerance: number }> = {
  F32: { typeOf: () => F32, tolerance: 1e-2 },
  BF16: { typeOf: () => BF16, tolerance: 2e-2 },
  Q8_0: { typeOf: () => 8, tolerance: 2e-2 },
};

interface Curve {
  backend: string;
  losses: number[];
  scores: Score[];
}

const curve = async (name: string, variant: string, composedFor = variant): Promise<Curve> => {
  const out = file(`${name}-${variant}-${composedFor}-adapter.gguf`);
  const base = file(`${name}.gguf`);
  return JSON.parse(
    await lastLine(`${import.meta.dir}/curve.ts`, variant, base, out, composedFor),
  ) as Curve;
};

function expectAlike(got: Curve, reference: Curve, tolerance: number): void {
  expect(reference.backend).toBe("CPU");
  expect(got.backend).toStartWith("Vulkan");
  expect(got.losses).toHaveLength(4);
  expect(got.losses[3]!).toBeLessThan(got.losses[0]!);
  for (const [i, loss] of got.losses.entries()) {
    expect(Math.abs(loss / reference.losses[i]! - 1)).toBeLessThan(tolerance);
  }
  for (const [i, score] of got.scores.entries()) {
    const expected = reference.scores[i]!;
    expect(Math.abs(score.logprob / expected.logprob - 1)).toBeLessThan(tolerance);
    expect(score.tokens).toBe(expected.tokens);
  }
}

describe.skipIf(missing !== undefined)("Vulkan gives the same as the CPU", () => {
  test.each(Object.entries(BASES))(
    "loss curve and scores, weights in %s",
    async (name, { typeOf, tolerance }) => {
      writeRandomModel(file(`${name}.gguf`), SMALL, 1, { typeOf });
      expectAlike(await curve(name, "vulkan"), await curve(name, "cpu"), tolerance);
    },
    5 * MINUTES,
  );

  test(
    "with the forms of operations that Metal's graphs have",
    async () => {
      writeRandomModel(file("composed.gguf"));
      const composed = await curve("composed", "vulkan", "metal");
      expectAlike(composed, await curve("composed", "cpu"), 1e-2);
    },
    5 * MINUTES,
  );

  test(
    "answers about operations as its table of limits does",
    async () => {
      writeRandomModel(file("walked.gguf"), SMALL_OF.gemma3!.hyper);
      const line = await lastLine(
        `${import.meta.dir}/walk-device.ts`,
        "vulkan",
        file("walked.gguf"),
      );
      const { nodes, wrong } = JSON.parse(line) as { nodes: number; wrong: string[] };
      expect(nodes).toBeGreaterThan(150);
      expect(wrong).toEqual([]);
    },
    5 * MINUTES,
  );
});
