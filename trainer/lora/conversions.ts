import type { FileType } from "../ggml/file-type.ts";
import type { Dtype } from "./safetensors.ts";

/** An adapter GGUF that becomes a folder which PEFT loads. */
export interface PeftExport {
  adapter: string;
  /** The base model's GGUF: the order of its heads decides the order of rows. */
  base: string;
  /** The folder to make; it gets its name when it is complete. */
  out: string;
  /** Default F32. */
  dtype?: Dtype;
  /** What `base_model_name_or_path` says; default where the base's metadata say it came from. */
  baseName?: string;
}

export interface PeftExportResult {
  path: string;
  /** Adapted matrices. */
  matrices: number;
  rank: number;
  alpha: number;
  baseName: string;
}

/** A folder that PEFT saved an adapter in, which becomes an adapter GGUF. */
export interface PeftImport {
  folder: string;
  /** The GGUF of the model that it was trained on. */
  base: string;
  out: string;
}

export interface PeftImportResult {
  path: string;
  /** Adapted matrices. */
  matrices: number;
  /** The largest one. */
  rank: number;
  /** What the GGUF says; all its matrices are scaled by alpha / rank. */
  alpha: number;
}

/** A base model and adapters that become one model. */
export interface MergeJob {
  base: string;
  /** Adapter GGUFs, each with a factor of its update (1 unless given). */
  adapters: { path: string; scale?: number }[];
  out: string;
  /** How the result is stored; `same` (the default) keeps the type of each tensor of the base. */
  type?: FileType | "same";
  /** What the model calls itself; default the base's name and that adapters were merged. */
  name?: string;
}

export interface MergeProgress {
  /** Bytes of tensors written, and in all. */
  bytes: number;
  totalBytes: number;
  /** The tensor at work. */
  tensor: string;
}

export interface MergeResult {
  path: string;
  /** Bytes of all tensors. */
  bytes: number;
  tensors: number;
  /** How many of them adapters changed. */
  adapted: number;
  /** How many tensors have each type. */
  types: Record<string, number>;
  /** Sentences about tensors whose type is not the one asked for. */
  fallbacks: string[];
}
