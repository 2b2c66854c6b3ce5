import { isDiskFull } from "../../db/errors.ts";
import { JobLostError } from "../../db/jobs.ts";

/**
 * What a failure means for the loop:
 * - `lost`: another process has taken the job over
 * - `disk`: nothing can be written for now; every job waits
 * - `model`: the model cannot be used as things are; jobs that need it wait
 * - `crash`: a model's process died; the job is tried again, a few times
 * - `yield`: it makes room for more urgent ones, and goes on where it was
 * - `job`: this job fails, and the next one is begun
 */
export type Trouble = "lost" | "disk" | "model" | "crash" | "yield" | "job";

/** Failures of the trainer and the generator that no other job would escape. */
const MODEL_CODES = new Set([
  "library-missing",
  "library-mismatch",
  "backend-missing",
  "model-missing",
  "model-unreadable",
  "model-unsupported",
  "model-changed",
  "not-enough-memory",
]);

const NO_SPACE = /ENOSPC|no space|disk (?:is )?full/i;

/** The model cannot be used with this instance; told in one sentence that says what to do. */
export class ModelError extends Error {
  constructor(
    readonly code: "model-missing" | "model-changed",
    message: string,
  ) {
    super(message);
    this.name = "ModelError";
  }
}

/** A job of the background stops at a step's end, since something more urgent waits. */
export class JobYield extends Error {
  override name = "JobYield";
}

export function classify(error: unknown): Trouble {
  if (error instanceof JobYield) return "yield";
  if (error instanceof JobLostError) return "lost";
  if (isDiskFull(error)) return "disk";
  const codes = errorCodes(error);
  // A child process can only send the message of what it met.
  if (codes.includes("write-failed") && NO_SPACE.test(errorMessage(error))) return "disk";
  if (codes.some((code) => MODEL_CODES.has(code))) return "model";
  return codes.includes("child-died") ? "crash" : "job";
}

/** One sentence for people. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The codes of an error and of what caused it. */
function errorCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const code = "code" in error ? [String(error.code)] : [];
  return [...code, ...errorCodes(error.cause)];
}
