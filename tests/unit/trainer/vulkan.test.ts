import { afterAll, expect, test } from "bun:test";
import type { DeviceReport } from "../../../trainer/devices/devices.ts";
import { locateLibraries } from "../../../trainer/ggml/locate.ts";
import type { Score } from "../../../trainer/types.ts";
import { writeRandomModel } from "../../support/random-model.ts";
import { scratch } from "./fixture.ts";

/** The first use of the software device compiles its shaders. */
const MINUTES = 60_000;
/** ggml hides software devices unless one is chosen by its index. */
const ENVIRONMENT = { ...process.env, GGML_VK_VISIBLE_DEVICES: "0" };
const TRAINER = `${import.meta.dir}/../../../trainer`;

const { file, remove } = scratch("vulkan");
afterAll(remove);

/** Runs a script in a process of its own, since a process loads one set of libraries. */
async function lastLine(script: string, ...args: string[]): Promise<string> {
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
  throw new Error(`${script} ${args.join(" ")} failed (${child.exitCode}): ${errors.slice(-2000)}`);
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

test.skipIf(missing !== undefined)(
  "Vulkan gives the same loss curve and scores as the CPU",
  async () => {
    const base = file("base.gguf");
    writeRandomModel(base);
    const curve = async (variant: string) =>
      JSON.parse(
        await lastLine(`${import.meta.dir}/curve.ts`, variant, base, file(`${variant}.gguf`)),
      ) as { backend: string; losses: number[]; scores: Score[] };
    const cpu = await curve("cpu");
    const vulkan = await curve("vulkan");
    expect(cpu.backend).toBe("CPU");
    expect(vulkan.backend).toStartWith("Vulkan");
    expect(vulkan.losses).toHaveLength(4);
    expect(vulkan.losses[3]!).toBeLessThan(vulkan.losses[0]!);
    vulkan.losses.forEach((loss, i) => {
      expect(Math.abs(loss / cpu.losses[i]! - 1)).toBeLessThan(1e-2);
    });
    vulkan.scores.forEach((score, i) => {
      const reference = cpu.scores[i]!;
      expect(Math.abs(score.logprob / reference.logprob - 1)).toBeLessThan(1e-2);
      expect(score.tokens).toBe(reference.tokens);
      expect(score.exact).toBe(reference.exact);
    });
  },
  5 * MINUTES,
);
