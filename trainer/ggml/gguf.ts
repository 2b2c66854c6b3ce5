import { closeSync, openSync, readSync, statSync } from "node:fs";
import koffi from "koffi";
import { TrainerError, type TrainerErrorCode } from "../errors.ts";
import type { Library } from "./library.ts";
import type { Shape } from "./tensor.ts";

/** GGUF's numbers for value types. */
const U8 = 0;
const I8 = 1;
const U16 = 2;
const I16 = 3;
const U32 = 4;
const I32 = 5;
const F32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;
const U64 = 10;
const I64 = 11;
const F64 = 12;

export interface GgufTensor {
  name: string;
  type: number;
  ne: Shape;
  /** Bytes from the beginning of the file. */
  offset: number;
  bytes: number;
}

/** The header of a GGUF file: metadata and where the tensors lie. */
export class GgufFile {
  private constructor(
    private readonly library: Library,
    private readonly handle: bigint,
    readonly path: string,
    readonly tensors: Map<string, GgufTensor>,
    private readonly code: TrainerErrorCode,
  ) {}

  /**
   * Reads the header and checks that every tensor lies inside the file.
   * @throws TrainerError (`code`) when the file is missing, no GGUF, or cut short
   */
  static open(
    library: Library,
    path: string,
    code: TrainerErrorCode = "model-unreadable",
  ): GgufFile {
    const { c } = library;
    const { size, magic } = inspect(path, code);
    if (magic !== "GGUF") {
      throw new TrainerError(
        code,
        `${path} is not a GGUF file. Name a model or adapter in GGUF format.`,
      );
    }
    const handle = c.gguf_init_from_file(path, { no_alloc: true, ctx: null });
    if (!handle) {
      throw new TrainerError(
        code,
        `${path} has a damaged or truncated GGUF header (${size} bytes). Download or copy it again.`,
      );
    }
    const start = Number(c.gguf_get_data_offset(handle));
    const tensors = new Map<string, GgufTensor>();
    const count = Number(c.gguf_get_n_tensors(handle));
    for (let i = 0; i < count; i++) {
      const ne = koffi.decode(c.gguf_get_tensor_ne(handle, i), "int64_t", 4) as number[];
      const tensor: GgufTensor = {
        name: c.gguf_get_tensor_name(handle, i),
        type: c.gguf_get_tensor_type(handle, i),
        ne: [Number(ne[0]), Number(ne[1]), Number(ne[2]), Number(ne[3])],
        offset: start + Number(c.gguf_get_tensor_offset(handle, i)),
        bytes: Number(c.gguf_get_tensor_size(handle, i)),
      };
      if (tensor.offset + tensor.bytes > size) {
        c.gguf_free(handle);
        throw new TrainerError(
          code,
          `${path} is truncated: tensor ${tensor.name} ends at byte ${tensor.offset + tensor.bytes}, the file has ${size}. Download or copy it again.`,
        );
      }
      tensors.set(tensor.name, tensor);
    }
    return new GgufFile(library, handle, path, tensors, code);
  }

  private find(key: string): number {
    return Number(this.library.c.gguf_find_key(this.handle, key));
  }

  has(key: string): boolean {
    return this.find(key) >= 0;
  }

  /** A number or boolean of any width, or undefined when the key is absent or of another type. */
  number(key: string): number | undefined {
    const { c } = this.library;
    const id = this.find(key);
    if (id < 0) return undefined;
    const read: Record<number, (gguf: bigint, id: number) => unknown> = {
      [U8]: c.gguf_get_val_u8,
      [I8]: c.gguf_get_val_i8,
      [U16]: c.gguf_get_val_u16,
      [I16]: c.gguf_get_val_i16,
      [U32]: c.gguf_get_val_u32,
      [I32]: c.gguf_get_val_i32,
      [F32]: c.gguf_get_val_f32,
      [U64]: c.gguf_get_val_u64,
      [I64]: c.gguf_get_val_i64,
      [F64]: c.gguf_get_val_f64,
      [BOOL]: c.gguf_get_val_bool,
    };
    const get = read[c.gguf_get_kv_type(this.handle, id)];
    return get ? Number(get(this.handle, id)) : undefined;
  }

  /** @throws TrainerError when the key is missing */
  requireNumber(key: string): number {
    const value = this.number(key);
    if (value === undefined || !Number.isFinite(value)) {
      throw new TrainerError(
        this.code,
        `${this.path} lacks the metadata ${key}; it is damaged or made by an unsupported converter.`,
      );
    }
    return value;
  }

  string(key: string): string | undefined {
    const { c } = this.library;
    const id = this.find(key);
    if (id < 0 || c.gguf_get_kv_type(this.handle, id) !== STRING) return undefined;
    return c.gguf_get_val_str(this.handle, id);
  }

  /** Length of an array, 0 when absent. */
  arrayLength(key: string): number {
    const { c } = this.library;
    const id = this.find(key);
    if (id < 0 || c.gguf_get_kv_type(this.handle, id) !== ARRAY) return 0;
    return Number(c.gguf_get_arr_n(this.handle, id));
  }

  /** A tensor's raw bytes. */
  read(tensor: GgufTensor): Uint8Array {
    const bytes = new Uint8Array(tensor.bytes);
    this.readInto(bytes, tensor, 0);
    return bytes;
  }

  /** Fills a buffer with a tensor's raw bytes from byte `from` of the tensor on. */
  readInto(bytes: Uint8Array, tensor: GgufTensor, from: number): void {
    const fd = openSync(this.path, "r");
    try {
      let done = 0;
      while (done < bytes.length) {
        const n = readSync(fd, bytes, done, bytes.length - done, tensor.offset + from + done);
        if (n === 0) {
          throw new TrainerError(this.code, `${this.path} became shorter while it was read.`);
        }
        done += n;
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Adds all metadata to another GGUF context, as they are. */
  copyMetadata(target: bigint): void {
    this.library.c.gguf_set_kv(target, this.handle);
  }

  close(): void {
    this.library.c.gguf_free(this.handle);
  }
}

/** @throws TrainerError (`code`) when it cannot be read */
function inspect(path: string, code: TrainerErrorCode): { size: number; magic: string } {
  try {
    const { size } = statSync(path);
    const fd = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(4);
      readSync(fd, bytes, 0, 4, 0);
      return { size, magic: bytes.toString("latin1") };
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const why: Record<string, string> = {
      ENOENT: "no such file",
      EISDIR: "it is a folder",
      EACCES: "no permission",
    };
    const reason = why[(cause as NodeJS.ErrnoException).code ?? ""] ?? String(cause);
    throw new TrainerError(code, `${path} cannot be read: ${reason}.`, { cause });
  }
}
