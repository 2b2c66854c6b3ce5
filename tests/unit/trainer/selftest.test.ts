import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { isSoftware } from "../../../trainer/devices/devices.ts";
import { hardwareStatus, REPORTS, readReports } from "../../../trainer/devices/hardware.ts";
import { BASES, CASES, limitsOf } from "../../../trainer/devices/selftest/cases.ts";
import {
  check,
  curveDifference,
  gradientDifference,
  logitsDifference,
  scoreDifference,
} from "../../../trainer/devices/selftest/checks.ts";
import { crashWords, makeReport, type Report } from "../../../trainer/devices/selftest/report.ts";
import {
  type Attempt,
  type Processes,
  TaskRunner,
} from "../../../trainer/devices/selftest/run-task.ts";
import { selftest } from "../../../trainer/devices/selftest/selftest.ts";
import { SUPPORTED_ARCHITECTURES } from "../../../trainer/model/architectures.ts";
import { runCli } from "../../support/cli.ts";
import { SMALL_OF, wide, writeRandomModel } from "../../support/random-model.ts";
import { scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("selftest");
afterAll(remove);

const LLAMA_F32 = CASES[0]!;
const GEMMA = CASES.find(({ architecture }) => architecture === "gemma3")!;

describe("the selftest", () => {
  test("passes on the CPU, with a figure for everything", async () => {
    const notes: string[] = [];
    const result = await selftest("cpu", { cases: [GEMMA], note: (line) => notes.push(line) });
    expect(result.checks.map(({ name }) => name)).toEqual([
      "logits against llama.cpp",
      "scores against llama.cpp",
      "gradients as composed for Metal",
      "losses as composed for Metal",
      "gradients against differences",
    ]);
    expect(result.checks.filter(({ passed }) => !passed)).toEqual([]);
    for (const { figure, limit } of result.checks) expect(figure).toBeLessThanOrEqual(limit);
    expect(result.passed).toBe(true);
    expect(result.device?.name).toBe("CPU");
    expect(result.processes).toEqual({ begun: 10, crashed: {} });
    expect(result.benchmark?.trainTokensPerSecond).toBeGreaterThan(1);
    expect(result.benchmark?.matmul.f32).toBeGreaterThan(0.1);
    expect(notes).toEqual(["cpu: gemma3, F32…", "cpu: speed…"]);
  });

  test("has every supported architecture and every type", () => {
    const architectures = new Set(CASES.map(({ architecture }) => architecture));
    expect([...architectures]).toEqual([...SUPPORTED_ARCHITECTURES]);
    expect(new Set(CASES.map(({ base }) => base))).toEqual(new Set(BASES));
  });

  test("does not pass where a limit is not met, and says by how much", async () => {
    const none = { logits: 1e-12, scores: 1e-12, gradients: 1e-12, losses: 1e-12 };
    const base = { ...LLAMA_F32.base, limits: { ...LLAMA_F32.base.limits, cpu: none } };
    const result = await selftest("cpu", { cases: [{ ...LLAMA_F32, base }] });
    expect(result.passed).toBe(false);
    const [logits] = result.checks;
    expect(logits?.passed).toBe(false);
    expect(logits?.figure).toBeGreaterThan(1e-12);
  });

  test("another epsilon in the norms would be found out", async () => {
    const hyper = wide(SMALL_OF.llama!.hyper);
    const extras = { embedding: 1 / 16 };
    writeRandomModel(file("right.gguf"), hyper, 5, extras);
    writeRandomModel(file("wrong.gguf"), { ...hyper, rmsEps: 1e-4 }, 5, extras);
    const runner = new TaskRunner("cpu", file("."));
    const ours = await runner.run({ kind: "logits", variant: "cpu", model: file("wrong.gguf") });
    const theirs = await runner.run({
      kind: "llama.cpp",
      variant: "cpu",
      model: file("right.gguf"),
    });
    const limits = limitsOf(LLAMA_F32, "cpu");
    expect(logitsDifference(done(ours), done(theirs))).toBeGreaterThan(10 * limits.logits);
  });

  test("a device that is not there fails every check by a reason, and the test goes on", async () => {
    const result = await selftest("metal", { cases: [LLAMA_F32] });
    expect(result.passed).toBe(false);
    expect(result.device).toBeUndefined();
    for (const { passed, problem, figure } of result.checks) {
      expect([passed, figure]).toEqual([false, undefined]);
      expect(problem).toContain("metal");
    }
    expect(result.problem).toContain("speed");
    expect(result.processes).toEqual({ begun: 5, crashed: {} });
  });

  test("ends when it is told to", async () => {
    const stop = AbortSignal.timeout(300);
    await expect(selftest("cpu", { signal: stop })).rejects.toThrow();
  });
});

function done(attempt: Attempt) {
  if ("failed" in attempt) throw attempt.failed;
  return attempt.outcome;
}

describe("a process that crashes", () => {
  /** A runner whose processes do what a script says. */
  function runner(script: string): TaskRunner {
    const path = file(`${Bun.hash(script)}.ts`);
    writeFileSync(path, script);
    return new TaskRunner("vulkan", file("."), { script: path });
  }
  const task = { kind: "logits", variant: "vulkan", model: "" } as const;
  const CRASH = 'process.kill(process.pid, "SIGSEGV");';

  test("is begun again, and counted", async () => {
    const path = file("count");
    writeFileSync(path, "");
    const unsteady = runner(`
      import { appendFileSync, readFileSync } from "node:fs";
      appendFileSync("${path}", "x");
      if (readFileSync("${path}", "utf8").length < 3) ${CRASH}
      else console.log(JSON.stringify({ logprob: -7 }));
    `);
    expect(done(await unsteady.run(task))).toEqual({ logprob: -7 });
    expect(unsteady.processes).toEqual({ begun: 3, crashed: { SIGSEGV: 2 } });
    expect(crashWords(unsteady.processes)).toBe("2 of 3 processes crashed (2 by SIGSEGV)");
  });

  test("every time has failed", async () => {
    const hopeless = runner(CRASH);
    const { failed } = (await hopeless.run(task)) as { failed: Error };
    expect(failed.message).toBe("Its process ended (SIGSEGV).");
    expect(hopeless.processes).toEqual({ begun: 5, crashed: { SIGSEGV: 5 } });
  });

  test("beside the device is not counted as the device's", async () => {
    const beside = runner(CRASH);
    await beside.run({ ...task, variant: "cpu" });
    await beside.run({ ...task, kind: "llama.cpp" });
    expect(beside.processes).toEqual({ begun: 0, crashed: {} });
    expect(crashWords(beside.processes)).toBeUndefined();
  });

  test("by an error of its own is not begun again", async () => {
    const wrong = runner('throw new Error("no such tensor");');
    const { failed } = (await wrong.run(task)) as { failed: Error };
    expect(failed.message).toContain("no such tensor");
    expect(wrong.processes).toEqual({ begun: 1, crashed: {} });
  });
});

describe("differences", () => {
  const logits = [
    [1, 2, 3],
    [4, 5, 9],
  ];
  test("of equal results are nothing, of others or of none are much", () => {
    expect(logitsDifference({ logits }, { logits })).toBe(0);
    expect(
      logitsDifference(
        { logits },
        {
          logits: [
            [1, 2, 4],
            [4, 5, 9],
          ],
        },
      ),
    ).toBeGreaterThan(0.1);
    expect(logitsDifference({}, { logits })).toBe(Number.POSITIVE_INFINITY);
    expect(curveDifference({ losses: [3, 2] }, { losses: [3, 1.9] })).toBeCloseTo(0.0526, 3);
    expect(scoreDifference({ logprob: -11 }, { logprob: -10 })).toBeCloseTo(0.1, 9);
    expect(scoreDifference({}, { logprob: -10 })).toBe(Number.POSITIVE_INFINITY);
  });

  test("of gradients are those of the worst kind, or endless where a kind is missing", () => {
    const gradients = { a: [3, 4], b: [1] };
    expect(gradientDifference({ gradients }, { gradients })).toBe(0);
    const off = { a: [3, 4.5], b: [1.2] };
    expect(gradientDifference({ gradients: off }, { gradients })).toBeCloseTo(0.2, 9);
    expect(gradientDifference({ gradients: { a: [3, 4] } }, { gradients })).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(gradientDifference({ gradients: { a: [3], b: [1] } }, { gradients })).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(gradientDifference({}, {})).toBe(Number.POSITIVE_INFINITY);
  });

  test("a curve that did not learn is no match for its equal", () => {
    expect(curveDifference({ losses: [2, 3] }, { losses: [2, 3] })).toBe(Number.POSITIVE_INFINITY);
  });

  test("no number is no pass", () => {
    const what = { name: "x", architecture: "llama", type: "F32", limit: 1 };
    expect(check(what, () => Number.NaN).passed).toBe(false);
  });
});

describe("a backend is verified", () => {
  const NO_CRASHES: Processes = { begun: 9, crashed: {} };
  const report = (passed: boolean, processes = NO_CRASHES): Report =>
    makeReport(
      [
        {
          backend: "cuda",
          device: { name: "CUDA0", description: "NVIDIA X", ggml: "1" },
          processes,
          checks: [],
          passed,
        },
      ],
      { selkie: "0", nodeLlamaCpp: "0" },
    );

  test("by a report that passed, on that backend and that hardware", () => {
    const device = { variant: "cuda", description: "NVIDIA X" };
    expect(hardwareStatus(device, [report(true)])).toBe("verified");
    expect(hardwareStatus(device, [])).toBe("expected to work");
    expect(hardwareStatus(device, [report(false)])).toBe("expected to work");
    expect(hardwareStatus({ ...device, variant: "vulkan" }, [report(true)])).toBe(
      "expected to work",
    );
    expect(hardwareStatus({ ...device, description: "NVIDIA Y" }, [report(true)])).toBe(
      "expected to work",
    );
    expect(hardwareStatus({ variant: "cuda" }, [report(true)])).toBe("expected to work");
  });

  test("with crashes, if every report that passed had some", () => {
    const device = { variant: "cuda", description: "NVIDIA X" };
    const unsteady = report(true, { begun: 9, crashed: { SIGSEGV: 2 } });
    expect(hardwareStatus(device, [unsteady])).toBe("verified, with crashes");
    expect(hardwareStatus(device, [unsteady, report(true)])).toBe("verified");
  });

  test("by its own report alone: a software device's verifies no GPU", () => {
    const reports = readReports();
    const software = reports
      .flatMap(({ devices }) => devices)
      .filter(({ device }) => isSoftware(device!));
    expect(software.map(({ backend }) => backend)).toEqual(["vulkan"]);
    for (const description of ["NVIDIA GeForce RTX 4090", "AMD Radeon Graphics (RADV)", ""]) {
      expect(hardwareStatus({ variant: "vulkan", description }, reports)).toBe("expected to work");
    }
    expect(hardwareStatus({ variant: "vulkan" }, reports)).toBe("expected to work");
  });

  test("by the reports that are committed, which all passed", () => {
    const reports = readReports();
    const devices = reports.flatMap((known) => known.devices);
    expect(devices.map(({ backend }) => backend)).toContain("cpu");
    for (const { backend, device, passed, checks } of devices) {
      expect([backend, passed]).toEqual([backend, true]);
      expect(checks.length).toBeGreaterThan(10);
      const own = { variant: backend, description: device!.description };
      expect(hardwareStatus(own, reports)).toStartWith("verified");
    }
    expect(hardwareStatus({ variant: "metal", description: "Apple M9" }, reports)).toBe(
      "expected to work",
    );
    expect(existsSync(`${REPORTS}/README.md`)).toBe(true);
  });

  test("by no file that is no report; a folder that is not there has none", () => {
    expect(readReports(file("nowhere"))).toEqual([]);
    mkdirSync(file("reports"));
    writeFileSync(file("reports/broken.json"), "{");
    expect(() => readReports(file("reports"))).toThrow("broken.json is no report");
  });
});

describe("selkie selftest", () => {
  const run = (...args: string[]) =>
    runCli(["selftest", ...args], { cwd: file("."), home: file("home") });

  test("refuses a backend that it does not know, or that is not here", async () => {
    const unknown = await run("--backend", "tpu");
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain('There is no backend "tpu". Choose cpu, cuda, vulkan or metal.');
    const absent = await run("--backend", process.platform === "darwin" ? "cuda" : "metal");
    expect(absent.code).toBe(1);
    expect(absent.err).toContain("cannot be tested: Its libraries are not made for this platform.");
  });

  test("does not overwrite a report", async () => {
    writeFileSync(file("taken.json"), "mine");
    const { code, err } = await run("--backend", "cpu", "--out", file("taken.json"));
    expect(code).toBe(1);
    expect(err).toContain("is there already");
  });
});
