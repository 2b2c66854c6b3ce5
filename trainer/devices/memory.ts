import { existsSync, readdirSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";
import { TrainerError } from "../errors.ts";
import type { Backend } from "../ggml/backend.ts";

/** What a device's memory has room for, in bytes. */
export interface MemoryRoom {
  free: number;
  /** Whose memory it is, for people: "CUDA0", or "this machine". */
  where: string;
}

/** Without /proc nobody says what is free; macOS compresses and swaps before it refuses. */
const SHARE_WITHOUT_PROC = 0.75;

/**
 * The memory that is free for a device: its own, or for the CPU the machine's, within what the
 * process's control groups allow. `limit` lowers it further, to what this process, its parent and the
 * parent's other children may take together.
 */
export function freeMemory(backend: Backend, limit?: number): MemoryRoom {
  if (backend.library.variant === "cpu") {
    return { free: systemFree(limit), where: "this machine" };
  }
  const { free, total } = backend.memory();
  const withinLimit = limit === undefined ? free : Math.max(0, limit - (total - free));
  return { free: Math.min(free, withinLimit), where: backend.name };
}

/** Bytes of main memory that this process could still take without swapping or being killed. */
export function systemFree(limit?: number): number {
  const rooms = [available(), controlGroupFree("/proc/self/cgroup", "/sys/fs/cgroup")];
  if (limit !== undefined) rooms.push(limit - familyBytes());
  return Math.max(0, Math.min(...rooms));
}

/**
 * The error of something that does not fit, with the figures.
 * @param what as a sentence begins: "This job"
 * @param advice what people can do, two things at least
 */
export function notEnough(
  what: string,
  needed: number,
  { free, where }: MemoryRoom,
  advice: string[],
): TrainerError {
  const last = advice.at(-1);
  const others = advice.slice(0, -1).join("; ");
  const sentence = `${others}; or ${last}`;
  return new TrainerError(
    "not-enough-memory",
    `${what} needs ${inWords(needed)} of memory, and ${where} has ${inWords(free)} free. What helps: ${sentence}.`,
  );
}

/** Three digits at most: "1.2 GB", "340 MB". */
export function inWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  const value = bytes / 1000 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

function available(): number {
  const line = /^MemAvailable:\s+(\d+) kB/m.exec(readText("/proc/meminfo"));
  return line ? Number(line[1]) * 1024 : totalmem() * SHARE_WITHOUT_PROC;
}

/**
 * The least room among the control groups (version 2 or 1) that a process is in and those above.
 * Infinity where none has a limit.
 * @param membership the process's `/proc/<pid>/cgroup`
 */
export function controlGroupFree(membership: string, root: string): number {
  let free = Number.POSITIVE_INFINITY;
  for (const line of readText(membership).split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const isMemory = controllers === "" || controllers?.split(",").includes("memory");
    if (!isMemory) continue;
    const mount = controllers === "" ? root : join(root, "memory");
    // Inside a container the path may be the host's, of which only the mount itself is seen.
    for (let at = join(mount, path); at.startsWith(mount); at = dirname(at)) {
      free = Math.min(free, groupRoom(at));
    }
  }
  return free;
}

function groupRoom(folder: string): number {
  const number = (...names: string[]): number => {
    const text = names.map((name) => readText(join(folder, name)).trim()).find((it) => it !== "");
    return text === undefined || text === "max" ? Number.POSITIVE_INFINITY : Number(text);
  };
  const limit = number("memory.max", "memory.limit_in_bytes");
  // Version 1 says "no limit" by a number beyond any machine's memory.
  if (limit > 2 ** 60) return Number.POSITIVE_INFINITY;
  const used = number("memory.current", "memory.usage_in_bytes");
  // What was read from files is given back when it is needed.
  const cache = /^(?:total_)?inactive_file (\d+)$/m.exec(readText(join(folder, "memory.stat")));
  return limit - used + Number(cache?.[1] ?? 0);
}

/** Resident bytes of this process, its parent, and the parent's other children. Linux only. */
function familyBytes(): number {
  const parents = new Map<number, number>();
  for (const entry of existsSync("/proc") ? readdirSync("/proc") : []) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = /^PPid:\s+(\d+)/m.exec(readText(`/proc/${entry}/status`));
    if (parent) parents.set(Number(entry), Number(parent[1]));
  }
  const family = [...parents.keys()].filter(
    (pid) => pid === process.pid || pid === process.ppid || parents.get(pid) === process.ppid,
  );
  return family.reduce((sum, pid) => {
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`));
    return sum + Number(resident?.[1] ?? 0) * 1024;
  }, 0);
}

/** Nothing where it cannot be read: processes and control groups come and go. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
