import { cpus, totalmem } from "node:os";
import type { Variant } from "../../ggml/locate.ts";
import type { Check } from "./checks.ts";
import type { Processes } from "./run-task.ts";
import type { Benchmark, DeviceFacts } from "./task.ts";

/** What the selftest found out about one device. */
export interface DeviceResult {
  backend: Variant;
  /** Missing where it computed nothing. */
  device?: DeviceFacts;
  /** That computed on it; tasks of those that crashed were begun again. */
  processes: Processes;
  checks: Check[];
  /** Missing where it failed, for a `problem`. */
  benchmark?: Benchmark;
  problem?: string;
  passed: boolean;
}

/** The file that `selkie selftest` writes. */
export interface Report {
  format: 2;
  date: string;
  versions: { selkie: string; bun: string; nodeLlamaCpp: string };
  machine: { platform: string; cpu: string; cores: number; memoryBytes: number };
  devices: DeviceResult[];
  passed: boolean;
}

/** Processes that crashed, of those that computed on a device: "3 of 40 processes crashed (...)"; nothing where none did. */
export function crashWords({ begun, crashed }: Processes): string | undefined {
  const kinds = Object.entries(crashed);
  if (kinds.length === 0) return undefined;
  const all = kinds.reduce((sum, [, count]) => sum + count, 0);
  const signals = kinds.map(([signal, count]) => `${count} by ${signal}`).join(", ");
  return `${all} of ${begun} processes crashed (${signals})`;
}

/** A report of what was found on this machine, now. */
export function makeReport(
  devices: DeviceResult[],
  versions: { selkie: string; nodeLlamaCpp: string },
): Report {
  const all = cpus();
  return {
    format: 2,
    date: new Date().toISOString(),
    versions: { ...versions, bun: Bun.version },
    machine: {
      platform: `${process.platform}-${process.arch}`,
      cpu: all[0]?.model.trim() ?? "unknown",
      cores: all.length,
      memoryBytes: totalmem(),
    },
    devices,
    passed: devices.every(({ passed }) => passed),
  };
}
