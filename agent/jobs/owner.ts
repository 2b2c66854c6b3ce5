import { readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A name for one holder of the lease in this process: `machine/process id/serial`. */
export function newOwner(): string {
  serial += 1;
  return `${machine()}/${process.pid}/${serial}-${Date.now().toString(36)}`;
}

/** Whether the holder of a lease ran on this machine and is gone, so that nobody waits for it. */
export function isDead(owner: string): boolean {
  const [where, pid] = owner.split("/");
  if (where !== machine() || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

let serial = 0;

/** Process ids mean something within one machine, and within one container of it. */
function machine(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    // Only Linux has namespaces.
  }
  return `${hostname().replaceAll("/", "-")}:${namespace}`;
}
