import { type ConversionHooks, converted } from "./process/conversion.ts";
import type {
  MergeJob,
  MergeResult,
  PeftExport,
  PeftExportResult,
  PeftImport,
  PeftImportResult,
} from "./types.ts";

export type { ConversionHooks } from "./process/conversion.ts";

/**
 * Writes an adapter GGUF as a folder that Hugging Face's PEFT loads: adapter_model.safetensors and
 * adapter_config.json. The folder gets its name when it is complete.
 *
 * @example
 * await exportAdapter({ adapter: "adapter.gguf", base: "model.gguf", out: "adapter-peft" });
 *
 * @throws TrainerError `adapter-unreadable` | `adapter-mismatch` | `model-unreadable` |
 *   `model-unsupported` | `write-failed` | `output-busy` | `child-died`
 */
export function exportAdapter(job: PeftExport): Promise<PeftExportResult> {
  return converted({ kind: "export", job });
}

/**
 * Writes a folder that PEFT saved a LoRA in as an adapter GGUF (F32). What llama.cpp's adapters
 * cannot express, such as DoRA or retrained embeddings, is refused by its name.
 *
 * @example
 * await importAdapter({ folder: "adapter-peft", base: "model.gguf", out: "adapter.gguf" });
 *
 * @throws TrainerError as {@link exportAdapter}
 */
export function importAdapter(job: PeftImport): Promise<PeftImportResult> {
  return converted({ kind: "import", job });
}

/**
 * Writes a model with adapters merged in: W' = W + Σ scale · B·A. The model is streamed, so that
 * memory does not grow with its size; a type other than `same` converts it as llama.cpp's quantizer
 * would. `threads` are the CPU's.
 *
 * @example
 * await mergeModel(
 *   { base: "model.gguf", adapters: [{ path: "adapter.gguf" }], out: "merged.gguf", type: "q4_k_m" },
 *   { onProgress: ({ bytes, totalBytes }) => console.log(bytes / totalBytes), signal },
 * );
 *
 * @throws TrainerError as {@link exportAdapter}, `invalid-job` and `cancelled`
 */
export function mergeModel(
  job: MergeJob,
  options: ConversionHooks & { threads?: number } = {},
): Promise<MergeResult> {
  const { threads, ...hooks } = options;
  return converted({ kind: "merge", job, ...(threads && { threads }) }, hooks);
}
