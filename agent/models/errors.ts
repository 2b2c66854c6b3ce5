/** A model cannot be downloaded, in a sentence that says what to do. */
export class PullError extends Error {
  constructor(
    readonly code:
      | "bad-uri"
      | "missing"
      | "unreachable"
      | "several-parts"
      | "taken"
      | "no-room"
      | "damaged",
    message: string,
  ) {
    super(message);
    this.name = "PullError";
  }
}
