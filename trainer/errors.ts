/** Why the trainer refused or failed, for programs; the message is for people. */
export type TrainerErrorCode =
  | "library-missing"
  | "library-mismatch"
  | "backend-missing"
  | "model-unreadable"
  | "model-unsupported"
  | "adapter-unreadable"
  | "adapter-mismatch"
  | "checkpoint-mismatch"
  | "invalid-job"
  | "not-enough-memory"
  | "diverged"
  | "cancelled"
  | "write-failed"
  | "output-busy"
  | "child-died"
  | "internal";

export class TrainerError extends Error {
  constructor(
    readonly code: TrainerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "TrainerError";
  }
}
