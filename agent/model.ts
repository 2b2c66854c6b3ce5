import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { Database } from "../db/open.ts";
import { listPolicies } from "../db/policies.ts";
import { getSetting, setSetting } from "../db/settings.ts";
import { listVersions } from "../db/versions.ts";
import type { BaseModel } from "./context.ts";
import { ModelError } from "./jobs/trouble.ts";

/** The setting that says which base model the instance's adapters belong to. */
const BASE_MODEL = "model.base";
/** How much of either end of a model file goes into its fingerprint, in bytes. */
const SAMPLE = 1024 * 1024;

export interface Bound {
  name: string;
  fingerprint: string;
}

/**
 * Makes sure that the model is there and is the one that the instance's adapters were trained on.
 * While nothing has been committed, another model may take its place.
 * @throws ModelError
 */
export async function checkModel(db: Database, model: BaseModel): Promise<void> {
  const fingerprint = await fingerprintOf(model);
  const bound = boundModel(db);
  if (bound?.fingerprint === fingerprint) return;
  if (bound && (listVersions(db).length > 0 || listPolicies(db).length > 0)) {
    throw new ModelError(
      "model-changed",
      `What was learned here belongs to the model ${bound.name}, and ${model.path} is another one: \`selkie relearn\` learns it again on this one, or set SELKIE_MODEL back, or choose another SELKIE_HOME.`,
    );
  }
  bindModel(db, { name: model.name, fingerprint });
}

/** The model that the instance is bound to; none before one was first loaded. */
export function boundModel(db: Database): Bound | undefined {
  return getSetting(db, BASE_MODEL) as Bound | undefined;
}

/** Binds the instance to a model: what it learns from now on belongs to that. */
export function bindModel(db: Database, bound: Bound): void {
  setSetting(db, BASE_MODEL, bound);
}

/** The fingerprint of the model that the instance is bound to; `unbound` before it was first loaded. */
export function baseFingerprint(db: Database): string {
  return boundModel(db)?.fingerprint ?? "unbound";
}

/** Describes a model by its file's name. */
export function describeModel(path: string, embedded: boolean): BaseModel {
  return { path, name: basename(path).replace(/\.gguf$/i, ""), embedded };
}

/**
 * Size, head and tail: enough to tell models apart without reading gigabytes.
 * @throws ModelError `model-missing`
 */
export async function fingerprintOf(model: Pick<BaseModel, "path">): Promise<string> {
  await using file = await open(model.path, "r").catch((error: Error) => {
    throw new ModelError(
      "model-missing",
      `The model ${model.path} cannot be opened (${error.message}): set SELKIE_MODEL to a GGUF file.`,
    );
  });
  const { size } = await file.stat();
  const hash = createHash("sha256").update(`${size}\n`);
  for (const at of [0, Math.max(0, size - SAMPLE)]) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SAMPLE), 0, SAMPLE, at);
    hash.update(buffer.subarray(0, bytesRead));
  }
  return hash.digest("hex");
}
