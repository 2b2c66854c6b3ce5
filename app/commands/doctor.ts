import { statfsSync } from "node:fs";
import type { Command } from "commander";
import { inspectHardware, recommendModel } from "../../agent/hardware.ts";
import { hardwareStatus, readReports } from "../../trainer/devices/hardware.ts";
import { composedOperations, LIMITS } from "../../trainer/ggml/limits/limits.ts";
import { locateLibraries } from "../../trainer/ggml/locate.ts";
import {
  type DeviceReport,
  isSoftware,
  type ModelInfo,
  probeDevices,
  Trainer,
} from "../../trainer/index.ts";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";

const GB = 1e9;
/** Below this the next adapters and the database may not fit. */
const LITTLE_DISK = 1 * GB;

export function register(program: Command): void {
  runs(
    program
      .command("doctor")
      .description("check libraries, devices, the model and the data folder"),
    doctor,
  );
}

async function doctor(context: CommandContext): Promise<CommandResult> {
  const { config } = context.instance();
  context.note("Looking for devices and loading the model…");
  const reports = readReports();
  const devices = (await probeDevices()).map((device) => ({
    ...device,
    ...(device.usable && { status: hardwareStatus(device, reports) }),
    composed: composedOperations(LIMITS[device.variant]),
  }));
  const failures: string[] = [];
  let model: ModelInfo | undefined;
  try {
    const trainer = await Trainer.start({
      model: config.model.path,
      ...(config.backend && { backend: config.backend }),
    });
    model = trainer.info;
    await trainer.close();
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  const disk = statfsSync(config.home);
  const free = Number(disk.bavail) * Number(disk.bsize);
  if (free < LITTLE_DISK) {
    failures.push(
      `Only ${(free / GB).toFixed(1)} GB are free in ${config.home}: adapters need room; free some or move SELKIE_HOME.`,
    );
  }
  const recommended = recommendModel(await inspectHardware());
  const data = {
    bun: Bun.version,
    libraries: locateLibraries("cpu")?.dir ?? null,
    devices,
    model: model ?? null,
    embedded: config.model.embedded,
    recommended,
    home: { path: config.home, freeBytes: free },
  };
  const advice = config.model.embedded ? embeddedAdvice(recommended) : [];
  const lines = [
    `Bun        ${Bun.version}`,
    `Libraries  ${data.libraries ?? "missing"}`,
    ...devices.flatMap(deviceLines),
    model
      ? `Model      ${model.name}, architecture ${model.architecture}, ${(model.parameters / 1e6).toFixed(1)}M parameters, ${model.types.join(" + ")}, on ${model.backend}, transposes ${model.transposes === "cached" ? "kept" : "made layer by layer"}`
      : `Model      ${config.model.path}: not usable`,
    `Data       ${config.home}, ${(free / GB).toFixed(0)} GB free`,
    ...advice,
    "",
    failures.length === 0 ? "All is well." : "",
  ];
  return { data, text: lines.join("\n").trimEnd(), failures };
}

/** A device, what is known of it, and where training's operations are computed. */
export function deviceLines(
  device: DeviceReport & { status?: string; composed: readonly string[] },
): string[] {
  const { variant, usable, name, description, problem, status, composed } = device;
  if (!usable) return [`Device     ${variant}: not usable. ${problem}`];
  const soft = isSoftware(device) ? " (in software: for tests)" : "";
  const others = composed.length > 0 ? ` (${composed.join(", ")} as a composition of others)` : "";
  return [
    `Device     ${variant}: ${name}, ${description}${soft}: ${status}`,
    `           Trains and scores with every operation on it${others}; none falls back to the CPU.`,
  ];
}

/** The embedded model reads its own small world only. */
function embeddedAdvice(model: { name: string; url: string }): string[] {
  return [
    "",
    "The embedded model is for the demo: it knows an invented world. For real texts on this machine:",
    `           ${model.name}`,
    `           bun run selkie models pull ${model.url} --use`,
    "           With a SELKIE_HOME of its own it begins anew; in this one, `selkie relearn` learns again what was read.",
  ];
}
