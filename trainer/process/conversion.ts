import {
  type MergeJob,
  type MergeProgress,
  type MergeResult,
  type PeftExport,
  type PeftExportResult,
  type PeftImport,
  type PeftImportResult,
  TrainerError,
  type TrainerErrorCode,
} from "../types.ts";
import { ChildProcess } from "./child-process.ts";

/** What the converting process can be asked. */
export type Conversion =
  | { kind: "export"; job: PeftExport }
  | { kind: "import"; job: PeftImport }
  | { kind: "merge"; job: MergeJob; threads?: number };

/** The answer to each. */
export interface Conversions {
  export: PeftExportResult;
  import: PeftImportResult;
  merge: MergeResult;
}
export type Converted = Conversions[keyof Conversions];

export interface ConversionHooks {
  onProgress?: (progress: MergeProgress) => void;
  /** Ends the work between two pieces, with TrainerError `cancelled`. */
  signal?: AbortSignal;
}

/** Does one conversion in a process of its own. */
export async function converted<K extends keyof Conversions>(
  request: Conversion & { kind: K },
  hooks: ConversionHooks = {},
): Promise<Conversions[K]> {
  const child = new ChildProcess<Conversion, null, MergeProgress, Converted>(
    `${import.meta.dir}/converter.ts`,
    {},
    (code, message) => new TrainerError(code as TrainerErrorCode, message),
  );
  try {
    await child.ready;
    return (await child.request(request, hooks)) as Conversions[K];
  } finally {
    await child.kill();
  }
}
