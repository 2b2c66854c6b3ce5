import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  bun: string;
}

export function thisMachine(): Machine {
  return {
    cpu: `${cpus()[0]?.model ?? "unknown"}${family()}`,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
    bun: Bun.version,
  };
}

/** Some virtual machines hide the model's name, but not its family. */
function family(): string {
  try {
    const info = readFileSync("/proc/cpuinfo", "utf8");
    const number = (name: string): string =>
      new RegExp(`^${name}\\s*: (.+)$`, "m").exec(info)?.[1] ?? "?";
    return ` (family ${number("cpu family")}, model ${number("model")})`;
  } catch {
    return "";
  }
}

/** How busy the machine was, in cores: in all, and taken away by the host it runs on. */
export interface Load {
  seconds: number;
  busyCores: number;
  stolenCores: number;
}

/** Begins to watch; the returned function tells what happened since. */
export function machineLoad(): () => Load {
  const started = performance.now();
  const before = ticks();
  return () => {
    const after = ticks();
    const seconds = (performance.now() - started) / 1000;
    const cores = (from: number, to: number): number => (to - from) / TICKS_PER_SECOND / seconds;
    return {
      seconds,
      busyCores: cores(before.busy, after.busy),
      stolenCores: cores(before.stolen, after.stolen),
    };
  };
}

const TICKS_PER_SECOND = 100;

function ticks(): { busy: number; stolen: number } {
  const line = readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "";
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { busy: user + nice + system + irq + softirq, stolen };
}
