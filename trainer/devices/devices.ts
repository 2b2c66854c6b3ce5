import { type LibrarySet, locateLibraries, VARIANTS, type Variant } from "../ggml/locate.ts";

/** What became of an attempt to open a device of one kind, in a process of its own. */
export interface DeviceReport {
  variant: Variant;
  /** The libraries for it are installed on this platform. */
  installed: boolean;
  usable: boolean;
  name?: string;
  description?: string;
  /** Why not, in a sentence. */
  problem?: string;
}

/** A software device is the CPU behind a slower interface: real, but never chosen by itself. */
export function isSoftware(report: { description?: string }): boolean {
  return /llvmpipe|swiftshader/i.test(report.description ?? "");
}

/** Tries to open a device. Each kind needs its own process: one process loads one set of libraries. */
export async function probeDevice(variant: Variant): Promise<DeviceReport> {
  const set: LibrarySet | undefined = locateLibraries(variant);
  if (!set) return { variant, installed: false, usable: false };
  const child = Bun.spawn({
    cmd: [process.execPath, `${import.meta.dir}/probe-device.ts`, variant],
    stdio: ["ignore", "pipe", "ignore"],
  });
  const output = (await new Response(child.stdout).text()).trim();
  await child.exited;
  try {
    return { variant, installed: true, ...JSON.parse(output.split("\n").at(-1) ?? "") };
  } catch {
    const how = child.signalCode ?? `exit ${child.exitCode}`;
    return { variant, installed: true, usable: false, problem: `Its libraries crash (${how}).` };
  }
}

/** All kinds that this platform has libraries for. */
export async function probeDevices(): Promise<DeviceReport[]> {
  const reports = await Promise.all(VARIANTS.map(probeDevice));
  return reports.filter((report) => report.installed);
}

let chosen: Promise<Variant> | undefined;

/** The best device here: a GPU that works, else the CPU. Found once per process. */
export function chooseVariant(): Promise<Variant> {
  chosen ??= (async () => {
    for (const variant of ["metal", "cuda", "vulkan"] as const) {
      const report = await probeDevice(variant);
      if (report.usable && !isSoftware(report)) return variant;
    }
    return "cpu";
  })();
  return chosen;
}
