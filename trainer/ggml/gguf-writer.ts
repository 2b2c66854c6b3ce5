import { TrainerError } from "../errors.ts";
import { OutputFile } from "../output.ts";
import type { GgufFile } from "./gguf.ts";
import type { Library } from "./library.ts";
import type { Shape } from "./tensor.ts";
import { bytesOf } from "./tensor-types.ts";

/** GGUF's numbers for the types of array elements. */
const I32 = 5;
const F32 = 6;

/** GGUF_DEFAULT_ALIGNMENT: every tensor begins at a multiple of so many bytes. */
const ALIGNMENT = 32;

export type GgufValue =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { string: string }
  | { strings: string[] }
  | { i32s: Int32Array }
  | { f32s: Float32Array };

/** A tensor of a file to be written. */
export interface TensorSpec {
  name: string;
  type: number;
  ne: Shape;
}

export interface GgufHeader {
  metadata: Record<string, GgufValue>;
  tensors: TensorSpec[];
}

export interface GgufContents {
  metadata: Record<string, GgufValue>;
  tensors: (TensorSpec & { data: Uint8Array })[];
}

/**
 * Writes a GGUF file tensor by tensor, holding none of them: first the header, then the tensors'
 * bytes in the header's order, in pieces of any size. The file gets its name at the end.
 */
export class GgufWriter {
  private written = 0;

  private constructor(
    private readonly file: OutputFile,
    private readonly total: number,
    /** Where padding is due: the end of each tensor's data, counted from the first one's beginning. */
    private readonly ends: number[],
  ) {}

  /**
   * Writes the header.
   * @param out a path, or a file that was taken for it earlier
   * @param base a file whose metadata are taken over; those in the header replace them
   * @throws TrainerError `write-failed`
   */
  static create(
    library: Library,
    out: string | OutputFile,
    header: GgufHeader,
    base?: GgufFile,
  ): GgufWriter {
    const file = typeof out === "string" ? OutputFile.create(out) : out;
    try {
      file.write(headerBytes(library, header, base));
      const ends: number[] = [];
      let offset = 0;
      for (const { type, ne } of header.tensors) {
        offset = padded(offset) + bytesOf(type, ne[0] * ne[1] * ne[2] * ne[3]);
        ends.push(offset);
      }
      return new GgufWriter(file, padded(offset), ends);
    } catch (error) {
      file.discard();
      throw error;
    }
  }

  /** Appends bytes of the current tensor. @throws TrainerError `write-failed` */
  append(bytes: Uint8Array): void {
    const end = this.ends[0] ?? 0;
    if (this.written + bytes.length > end) {
      throw new TrainerError(
        "internal",
        `${this.file.path} was given more bytes than it declares.`,
      );
    }
    this.file.write(bytes);
    this.written += bytes.length;
    if (this.written < end) return;
    this.ends.shift();
    this.file.write(new Uint8Array(padded(end) - end));
    this.written = padded(end);
  }

  /** Gives the file its name. @throws TrainerError `write-failed` */
  publish(): void {
    if (this.written !== this.total) {
      throw new TrainerError(
        "internal",
        `${this.file.path} was given ${this.written} of the ${this.total} bytes that it declares.`,
      );
    }
    this.file.publish();
  }

  /** Removes what was written; after {@link publish} it does nothing. */
  discard(): void {
    this.file.discard();
  }
}

/**
 * Writes a whole GGUF file, so that its path is either absent, as it was, or complete.
 * @throws TrainerError `write-failed`
 */
export function writeGguf(
  library: Library,
  out: string | OutputFile,
  contents: GgufContents,
): void {
  const writer = GgufWriter.create(library, out, contents);
  try {
    for (const { data } of contents.tensors) writer.append(data);
    writer.publish();
  } finally {
    writer.discard();
  }
}

/** Bytes of a row of `n` values. */
export function rowBytes(library: Library, type: number, n: number): number {
  return Number(library.c.ggml_row_size(type, n));
}

function headerBytes(library: Library, header: GgufHeader, base?: GgufFile): Uint8Array {
  const { c } = library;
  const gguf = c.gguf_init_empty();
  const ctx = c.ggml_init({
    mem_size: (header.tensors.length + 1) * Number(c.ggml_tensor_overhead()),
    mem_buffer: null,
    no_alloc: true,
  });
  try {
    base?.copyMetadata(library, gguf);
    // What is written here has the default alignment, whatever the base had.
    c.gguf_remove_key(gguf, "general.alignment");
    for (const [key, value] of Object.entries(header.metadata)) setValue(library, gguf, key, value);
    for (const { name, type, ne } of header.tensors) {
      const tensor = c.ggml_new_tensor(ctx, type, dimensions(ne), BigInt64Array.from(ne, BigInt));
      c.ggml_set_name(tensor, name);
      c.gguf_add_tensor(gguf, tensor);
    }
    const bytes = new Uint8Array(Number(c.gguf_get_meta_size(gguf)));
    c.gguf_get_meta_data(gguf, bytes);
    return bytes;
  } finally {
    c.gguf_free(gguf);
    c.ggml_free(ctx);
  }
}

function setValue(library: Library, gguf: bigint, key: string, value: GgufValue): void {
  const { c } = library;
  if ("u32" in value) c.gguf_set_val_u32(gguf, key, value.u32);
  else if ("f32" in value) c.gguf_set_val_f32(gguf, key, value.f32);
  else if ("bool" in value) c.gguf_set_val_bool(gguf, key, value.bool);
  else if ("string" in value) c.gguf_set_val_str(gguf, key, value.string);
  else if ("strings" in value) c.gguf_set_arr_str(gguf, key, value.strings, value.strings.length);
  else if ("i32s" in value) c.gguf_set_arr_data(gguf, key, I32, value.i32s, value.i32s.length);
  else c.gguf_set_arr_data(gguf, key, F32, value.f32s, value.f32s.length);
}

/** How many dimensions are not trailing ones; at least one. */
function dimensions(ne: Shape): number {
  let n = 4;
  while (n > 1 && ne[n - 1] === 1) n--;
  return n;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
