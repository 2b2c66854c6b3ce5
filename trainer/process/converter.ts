/** Entry point of the process that converts and merges adapters: native code may end it. */
import { Backend, defaultThreads } from "../ggml/backend.ts";
import { loadLibrary } from "../ggml/library.ts";
import { type MergeHooks, mergeAdapters } from "../lora/merge.ts";
import { exportPeft } from "../lora/peft-export.ts";
import { importPeft } from "../lora/peft-import.ts";
import { type MergeProgress, TrainerError } from "../types.ts";
import { serveRequests } from "./child-process.ts";
import type { Conversion, Converted } from "./conversion.ts";

// Ctrl-C reaches a whole group of processes. What it means here is for the parent to say.
process.on("SIGINT", () => {});

serveRequests<Conversion, null, MergeProgress, Converted>({
  describe: (error) =>
    error instanceof TrainerError
      ? { code: error.code, message: error.message }
      : { code: "internal", message: error instanceof Error ? error.message : String(error) },
  start: async () => ({ info: null, handle: convert }),
});

async function convert(request: Conversion, hooks: MergeHooks): Promise<Converted> {
  switch (request.kind) {
    case "export":
      return exportPeft(loadLibrary("cpu"), request.job);
    case "import":
      return importPeft(loadLibrary("cpu"), request.job);
    case "merge": {
      const threads = request.threads ?? defaultThreads();
      // The products are a small part of the work, and ggml's threads wait for each other by spinning.
      return mergeAdapters(Backend.open("cpu", 1), request.job, threads, hooks);
    }
  }
}
