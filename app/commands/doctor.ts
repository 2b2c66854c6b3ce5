import type { Command } from "commander";
import { inspectHardware, recommendModel } from "../../agent/hardware.ts";
import { checkModel } from "../../agent/model.ts";
import { soundVersion } from "../../agent/versions.ts";
import { listVersions } from "../../db/versions.ts";
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
import { listBackups, verifyBackup } from "../archive/backup.ts";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";
import type { Instance } from "../instance.ts";
import { findTroubles, freeBytes } from "../troubles.ts";

const GB = 1e9;

export function register(program: Command): void {
  runs(
    program
      .command("doctor")
      .description("check libraries, devices, the model, the data, backups, and who can get in"),
    doctor,
  );
}

async function doctor(context: CommandContext): Promise<CommandResult> {
  const instance = context.instance();
  const { config } = instance;
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
  failures.push(...(await dataFailures(instance)));
  const troubles = findTroubles(instance);
  failures.push(...troubles.filter(({ bad }) => bad).map(({ message }) => message));
  const hints = troubles.filter(({ bad }) => !bad).map(({ message }) => message);
  const free = freeBytes(config.home);
  const recommended = recommendModel(await inspectHardware());
  const data = {
    bun: Bun.version,
    libraries: locateLibraries("cpu")?.dir ?? null,
    devices,
    model: model ?? null,
    embedded: config.model.embedded,
    recommended,
    home: { path: config.home, freeBytes: free },
    failures,
    hints,
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
    ...hints.map((hint) => `Note       ${hint}`),
    ...advice,
    "",
    failures.length === 0 ? "All is well." : "",
  ];
  return { data, text: lines.join("\n").trimEnd(), failures };
}

/** What is wrong with what is kept: all of it is read. */
async function dataFailures({ db, home, config }: Instance): Promise<string[]> {
  const failures: string[] = [];
  const attempt = async (work: () => Promise<unknown>) => {
    await work().catch((error: Error) => failures.push(error.message));
  };
  const problem = db.$client.pragma("integrity_check(1)", { simple: true });
  if (problem !== "ok") {
    failures.push(
      `The database ${home.database} is damaged (${problem}): stop Selkie, and put the latest sound backup back with \`selkie restore\`.`,
    );
  }
  if (listVersions(db).length > 0) {
    await attempt(() => checkModel(db, config.model));
    await attempt(() => soundVersion(db, home));
  }
  const { folder } = config.backups;
  const [latest] = folder === undefined ? [] : listBackups(folder);
  if (latest) await attempt(() => verifyBackup(folder!, latest.name));
  return failures;
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
