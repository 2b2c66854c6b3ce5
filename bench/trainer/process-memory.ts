import { readFileSync, writeFileSync } from "node:fs";

/** Bytes of this process: resident now, or the most since {@link forgetPeak}. Linux only. */
export function residentBytes(name: "VmRSS" | "VmHWM"): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(
    readFileSync("/proc/self/status", "utf8"),
  );
  if (!line) throw new Error(`/proc/self/status has no ${name}`);
  return Number(line[1]) * 1024;
}

export function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

/** Of all threads of this process. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
