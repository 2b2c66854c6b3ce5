import { afterAll, describe, expect, test } from "bun:test";
import type { DeviceReport } from "../../../trainer/devices/devices.ts";
import { CASES, type Case, limitsOf } from "../../../trainer/devices/selftest/cases.ts";
import {
  curveDifference,
  logitsDifference,
  scoreDifference,
} from "../../../trainer/devices/selftest/checks.ts";
import { lastLine, TaskRunner } from "../../../trainer/devices/selftest/run-task.ts";
import type { Outcome, Task } from "../../../trainer/devices/selftest/task.ts";
import { locateLibraries, type Variant } from "../../../trainer/ggml/locate.ts";
import { SMALL_OF, writeRandomModel } from "../../support/random-model.ts";
import { scratch } from "./fixture.ts";

/** The first use of the software device compiles its shaders. */
const MINUTES = 60_000;
/** ggml hides software devices unless one is chosen by its index. */
const env = { GGML_VK_VISIBLE_DEVICES: "0" };
const TRAINER = `${import.meta.dir}/../../../trainer`;

const { file, remove } = scratch("vulkan");
afterAll(remove);

/** Why there is no Vulkan device to test; nothing where there is one. */
async function missingDevice(): Promise<string | undefined> {
  if (!locateLibraries("vulkan")) return "its libraries are not installed on this platform";
  try {
    const line = await lastLine([`${TRAINER}/devices/probe-device.ts`, "vulkan"], { env });
    const report = JSON.parse(line) as DeviceReport;
    return report.usable ? undefined : report.problem;
  } catch (error) {
    return String(error);
  }
}

const missing = await missingDevice();
if (missing) console.warn(`The Vulkan backend is not tested: ${missing}`);

const runner = new TaskRunner("vulkan", file("."), { env });

/** What some backend makes of a case's model, narrower than the selftest's. */
async function outcome(
  kind: Task["kind"],
  { architecture, base }: Case,
  variant: Variant,
  composedFor?: Variant,
): Promise<Outcome> {
  const model = file(`${architecture} ${base.name}.gguf`);
  const { hyper, extras } = SMALL_OF[architecture]!;
  writeRandomModel(model, hyper, 5, { ...extras, embedding: 1 / 8, typeOf: base.typeOf });
  const task = { kind, variant, model, ...(composedFor && { composedFor }) };
  const attempt = await runner.run(task);
  if ("failed" in attempt) throw attempt.failed;
  return attempt.outcome;
}

const llama = (type: string): Case =>
  CASES.find(({ architecture, base }) => architecture === "llama" && base.name === type)!;

describe.skipIf(missing !== undefined)("Vulkan gives", () => {
  test.each(["F32", "Q8_0"])(
    "the CPU's loss curve, weights in %s",
    async (type) => {
      const one = llama(type);
      const got = await outcome("curve", one, "vulkan");
      expect(got.device?.name).toStartWith("Vulkan");
      const difference = curveDifference(got, await outcome("curve", one, "cpu"));
      expect(difference).toBeLessThan(limitsOf(one, "vulkan").losses);
    },
    5 * MINUTES,
  );

  test(
    "the same with the forms of operations that Metal's graphs have",
    async () => {
      const one = llama("F32");
      const composed = await outcome("curve", one, "vulkan", "metal");
      const difference = curveDifference(composed, await outcome("curve", one, "cpu"));
      expect(difference).toBeLessThan(limitsOf(one, "metal").losses);
    },
    5 * MINUTES,
  );

  test(
    "llama.cpp's logits and scores, weights in F16, which it would sum in F16 by itself",
    async () => {
      const one = llama("F16");
      const limits = limitsOf(one, "vulkan");
      const theirs = await outcome("llama.cpp", one, "cpu");
      const logits = await outcome("logits", one, "vulkan");
      expect(logitsDifference(logits, theirs)).toBeLessThan(limits.logits);
      const scores = await outcome("scores", one, "vulkan");
      expect(scoreDifference(scores, theirs)).toBeLessThan(limits.scores);
    },
    5 * MINUTES,
  );

  test(
    "answers about operations as its table of limits does",
    async () => {
      writeRandomModel(file("walked.gguf"), SMALL_OF.gemma3!.hyper);
      const script = `${import.meta.dir}/walk-device.ts`;
      const line = await lastLine([script, "vulkan", file("walked.gguf")], { env });
      const { nodes, wrong } = JSON.parse(line) as { nodes: number; wrong: string[] };
      expect(nodes).toBeGreaterThan(150);
      expect(wrong).toEqual([]);
    },
    5 * MINUTES,
  );
});
