import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "./selftest/report.ts";

/** What is known of a device: it passed a selftest whose report is kept, or it was never tried. */
export type HardwareStatus = "verified" | "expected to work";

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
      if (report.format === 1 && Array.isArray(report.devices)) return report;
    } catch {
      // Said below.
    }
    throw new Error(`${path} is no report of "selkie selftest". Make it again, or remove it.`);
  });
}

/** Verified only by a report that passed on the same backend and a device of the same description. */
export function hardwareStatus(
  device: { variant: string; description?: string },
  reports: readonly Report[],
): HardwareStatus {
  const verified = reports.some(({ devices }) =>
    devices.some(
      ({ backend, device: known, passed }) =>
        passed && backend === device.variant && known?.description === device.description,
    ),
  );
  return verified ? "verified" : "expected to work";
}
