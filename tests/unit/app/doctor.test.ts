import { expect, test } from "bun:test";
import { deviceLines } from "../../../app/commands/doctor.ts";
import { hardwareStatus } from "../../../trainer/devices/hardware.ts";
import { makeReport } from "../../../trainer/devices/selftest/report.ts";

const device = {
  variant: "cuda" as const,
  installed: true,
  usable: true,
  name: "CUDA0",
  description: "NVIDIA X",
  composed: ["OUT_PROD"],
};

/** A report of a device with this description. */
function reportOf(description: string, passed = true) {
  const known = { name: "CUDA0", description, ggml: "1" };
  const processes = { begun: 9, crashed: {} };
  return makeReport([{ backend: "cuda", device: known, processes, checks: [], passed }], {
    selkie: "0",
    nodeLlamaCpp: "0",
  });
}

function wordsWith(...reports: ReturnType<typeof reportOf>[]): string {
  return deviceLines({ ...device, status: hardwareStatus(device, reports) }).join("\n");
}

test("doctor calls a device verified where a report of it passed", () => {
  expect(wordsWith(reportOf("NVIDIA X"))).toContain("cuda: CUDA0, NVIDIA X: verified");
});

test("doctor expects a device to work where no report of it passed", () => {
  const expected = "cuda: CUDA0, NVIDIA X: expected to work";
  expect(wordsWith()).toContain(expected);
  expect(wordsWith(reportOf("NVIDIA Y"))).toContain(expected);
  expect(wordsWith(reportOf("NVIDIA X", false))).toContain(expected);
});

test("doctor says which operations are composed, and of an unusable device why", () => {
  expect(wordsWith()).toContain("OUT_PROD as a composition of others");
  const missing = { ...device, usable: false, problem: "This system lacks libcuda.so.1." };
  expect(deviceLines(missing)).toEqual([
    "Device     cuda: not usable. This system lacks libcuda.so.1.",
  ]);
});
