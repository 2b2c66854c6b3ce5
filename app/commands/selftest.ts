import { existsSync, renameSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { dependencies, version } from "../../package.json";
import {
  type Check,
  crashWords,
  type DeviceResult,
  hardwareStatus,
  isBackend,
  isSoftware,
  makeReport,
  probeDevice,
  probeDevices,
  type Report,
  readReports,
  selftest,
  type Variant,
} from "../../trainer/devices/index.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";

interface Options {
  backend?: string;
  out?: string;
}

export function register(program: Command): void {
  runs(
    program
      .command("selftest")
      .description("check this machine's devices by computing, and write a report")
      .option("--backend <name>", "cpu, cuda, vulkan or metal; otherwise all that are there")
      .option("--out <file>", "where the report goes", "selkie-selftest.json"),
    (context, _, options: Options) => run(context, options),
  );
}

async function run(context: CommandContext, options: Options): Promise<CommandResult> {
  const out = options.out ?? "selkie-selftest.json";
  if (existsSync(out)) {
    throw new CommandError(
      "out-exists",
      `${out} is there already. Remove it, or name another with --out.`,
    );
  }
  const devices: DeviceResult[] = [];
  for (const variant of await chosen(options.backend)) {
    const { signal } = context;
    devices.push(await selftest(variant, { note: (line) => context.note(line), signal }));
  }
  const report = makeReport(devices, {
    selkie: version,
    nodeLlamaCpp: dependencies["node-llama-cpp"],
  });
  write(out, report);
  const failures = report.devices.flatMap(({ backend, checks, problem }) => [
    ...(problem === undefined ? [] : [`${backend}: ${problem}`]),
    ...checks.filter(({ passed }) => !passed).map((check) => `${backend}: ${failed(check)}`),
  ]);
  return { data: { ...report, path: out }, text: words(report, out), failures };
}

/** Those that are there, or the one that is named. */
async function chosen(backend: string | undefined): Promise<Variant[]> {
  if (backend === undefined) {
    return (await probeDevices()).filter(({ usable }) => usable).map(({ variant }) => variant);
  }
  if (!isBackend(backend)) {
    throw new CommandError(
      "unknown-backend",
      `There is no backend "${backend}". Choose cpu, cuda, vulkan or metal.`,
    );
  }
  const { usable, installed, problem } = await probeDevice(backend);
  if (usable) return [backend];
  const why = installed ? problem : "Its libraries are not made for this platform.";
  throw new CommandError("backend-missing", `${backend} cannot be tested: ${why}`);
}

/** Under its final name only when it is whole. */
function write(out: string, report: Report): void {
  const temporary = `${out}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(report, null, 2)}\n`);
    renameSync(temporary, out);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      "write-failed",
      `The report cannot be written to ${out}: ${why}. Name another file with --out.`,
    );
  }
}

function failed({ name, architecture, type, figure, limit, problem }: Check): string {
  const what = `${name}, ${architecture} ${type}`;
  return problem
    ? `${what}: ${problem}`
    : `${what}: ${figure?.toExponential(1)}, and at most ${limit.toExponential()} is right.`;
}

function words(report: Report, out: string): string {
  const known = readReports();
  return [
    ...report.devices.flatMap((result) => {
      const { backend, device, processes, checks, benchmark, passed } = result;
      const crashes = crashWords(processes);
      const description = device?.description ?? "no device";
      const soft = isSoftware({ description }) ? " (in software)" : "";
      const before = hardwareStatus({ variant: backend, description }, known);
      return [
        `${backend}: ${description}${soft}: ${passed ? "passed" : "FAILED"}; before this, ${before}`,
        ...(crashes ? [`  ${crashes}; their tasks were begun again`] : []),
        ...checks.map(({ name, architecture, type, figure, limit, passed }) => {
          const value = figure === undefined ? "no figure" : figure.toExponential(1);
          return `  ${passed ? "ok  " : "FAIL"} ${name.padEnd(32)} ${`${architecture} ${type}`.padEnd(20)} ${value} (at most ${limit.toExponential()})`;
        }),
        ...(benchmark
          ? [
              `  training ${benchmark.trainTokensPerSecond.toFixed(0)} tokens/s, scoring ${benchmark.scoreTokensPerSecond.toFixed(0)} tokens/s of a model of ${(benchmark.parameters / 1e6).toFixed(1)}M parameters`,
              `  products of 1024 x 1024: ${Object.entries(benchmark.matmul)
                .map(([type, rate]) => `${type} ${rate.toFixed(0)}`)
                .join(", ")} GFLOP/s${backend === "cpu" ? " on one thread" : ""}`,
            ]
          : []),
      ];
    }),
    "",
    `The report is in ${out}. docs/hardware says how to send it in.`,
  ].join("\n");
}
