import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import type { PretrainState } from "../trainer/training/pretrain.ts";

/** Writes the state through a temporary name: a kill leaves the last whole checkpoint. */
export function saveCheckpoint(path: string, state: PretrainState): void {
  writeFileSync(`${path}.tmp`, serialize(state));
  renameSync(`${path}.tmp`, path);
}

export function loadCheckpoint(path: string): PretrainState | undefined {
  return existsSync(path) ? (deserialize(readFileSync(path)) as PretrainState) : undefined;
}
