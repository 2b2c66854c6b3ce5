import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { hardwareStatus, REPORTS, readReports } from "../../../trainer/devices/hardware.ts";
import {
  BASES,
  check,
  curveDifference,
  logitsDifference,
  scoreDifference,
} from "../../../trainer/devices/selftest/checks.ts";
import { makeReport, type Report } from "../../../trainer/devices/selftest/report.ts";
import { selftest } from "../../../trainer/devices/selftest/selftest.ts";
import { runCli } from "../../support/cli.ts";
import { scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("selftest");
afterAll(remove);

describe("the selftest", () => {
  test("passes on the CPU, with a figure for everything", async () => {
    const notes: string[] = [];
    const [f32] = BASES;
    const result = await selftest("cpu", { bases: [f32!], note: (line) => notes.push(line) });
    expect(result.checks.map(({ name }) => name)).toEqual([
      "logits against llama.cpp",
      "losses as composed for Metal",
      "scores as composed for Metal",
      "gradients against differences",
    ]);
    expect(result.checks.filter(({ passed }) => !passed)).toEqual([]);
    for (const { figure, limit } of result.checks) expect(figure).toBeLessThan(limit);
    expect(result.passed).toBe(true);
    expect(result.device?.name).toBe("CPU");
    expect(result.benchmark?.trainTokensPerSecond).toBeGreaterThan(1);
    expect(result.benchmark?.matmul.f32).toBeGreaterThan(0.1);
    expect(notes).toEqual(["cpu: F32…", "cpu: speed…"]);
  });

  test("does not pass where a limit is not met, and says by how much", async () => {
    const strict = { ...BASES[3]!, logits: 1e-12, curve: 1e-12 };
    const result = await selftest("cpu", { bases: [strict] });
    expect(result.passed).toBe(false);
    const [logits] = result.checks;
    expect(logits?.passed).toBe(false);
    expect(logits?.figure).toBeGreaterThan(1e-12);
  });

  test("a device that is not there fails every check by a reason, and the test goes on", async () => {
    const result = await selftest("metal", { bases: [BASES[0]!] });
    expect(result.passed).toBe(false);
    expect(result.device).toBeUndefined();
    for (const { passed, problem, figure } of result.checks) {
      expect([passed, figure]).toEqual([false, undefined]);
      expect(problem).toContain("metal");
    }
    expect(result.problem).toContain("speed");
  });

  test("ends when it is told to", async () => {
    const stop = AbortSignal.timeout(300);
    await expect(selftest("cpu", { signal: stop })).rejects.toThrow();
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
    expect(scoreDifference({}, {})).toBe(Number.POSITIVE_INFINITY);
  });

  test("a curve that did not learn is no match for its equal", () => {
    expect(curveDifference({ losses: [2, 3] }, { losses: [2, 3] })).toBe(Number.POSITIVE_INFINITY);
  });

  test("no number is no pass", () => {
    expect(check("x", "F32", 1, () => Number.NaN).passed).toBe(false);
  });
});

describe("a backend is verified", () => {
  const report = (passed: boolean): Report =>
    makeReport(
      [
        {
          backend: "cuda",
          device: { name: "CUDA0", description: "NVIDIA X", ggml: "1" },
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

  test("by the reports that are committed, which all passed", () => {
    const reports = readReports();
    const devices = reports.flatMap((known) => known.devices);
    expect(devices.map(({ backend }) => backend)).toContain("cpu");
    for (const { backend, device, passed, checks } of devices) {
      expect([backend, passed]).toEqual([backend, true]);
      expect(checks.length).toBeGreaterThan(10);
      expect(hardwareStatus({ variant: backend, description: device!.description }, reports)).toBe(
        "verified",
      );
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
