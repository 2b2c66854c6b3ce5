import { readdirSync, readFileSync } from "node:fs";

/** What this process and those that it started take. */
export interface Usage {
  /** Resident memory of this process, in MB. */
  own: number;
  /** That of the processes below it: the one that takes documents apart, those of the model. */
  others: number;
}

/** Resident memory by Linux's /proc; elsewhere that of this process alone. */
export function memoryInUse(): Usage {
  const own = process.memoryUsage.rss() / 2 ** 20;
  return { own, others: below(process.pid).reduce((sum, pid) => sum + residentOf(pid), 0) };
}

function below(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of list("/proc").filter((name) => /^\d+$/.test(name))) {
    // The name, in parentheses, may itself have spaces and parentheses.
    const parent = Number(/^.*\) \S (\d+)/s.exec(read(`/proc/${entry}/stat`))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found: number[] = [];
  for (const queue = [pid]; queue.length > 0; ) {
    const next = children.get(queue.pop()!) ?? [];
    found.push(...next);
    queue.push(...next);
  }
  return found;
}

function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A process may end between the look at the list and the one at it. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
