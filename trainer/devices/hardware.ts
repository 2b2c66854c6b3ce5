import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crashWords, type Report } from "./selftest/report.ts";

/**
 * What is known of a device: it passed a selftest whose report is kept, perhaps after tasks whose
 * processes crashed were begun again, or it was never tried.
 */
export type HardwareStatus = "verified" | "verified, with crashes" | "expected to work";

/** Where the reports of `selkie selftest` are kept. */
export const REPORTS = join(import.meta.dir, "../../docs/hardware");

/**
 * The reports of a folder, without those that passed nothing.
 * @throws Error naming a file that is no report
 */
export function readReports(folder = REPORTS): Report[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.map((name) => {
    const path = join(folder, name);
    try {
      const report = JSON.parse(readFileSync(path, "utf8")) as Report;
      if (report.format === 2 && Array.isArray(report.devices)) return report;
    } catch {
      // Said below.
    }
    throw new Error(`${path} is no report of "selkie selftest". Make it again, or remove it.`);
  });
}

/**
 * Verified only by a report that passed on the same backend and a device of the same description: a
 * software device's says nothing of the hardware behind the same backend.
 */
export function hardwareStatus(
  device: { variant: string; description?: string },
  reports: readonly Report[],
): HardwareStatus {
  const passed = reports
    .flatMap(({ devices }) => devices)
    .filter(
      ({ backend, device: known, passed }) =>
        passed && backend === device.variant && known?.description === device.description,
    );
  if (passed.length === 0) return "expected to work";
  const clean = passed.some(({ processes }) => crashWords(processes) === undefined);
  return clean ? "verified" : "verified, with crashes";
}
