import { closeSync, openSync, readSync } from "node:fs";
import { TrainerError, type TrainerErrorCode } from "../errors.ts";
import {
  GGUF_STRING,
  type GgufTensor,
  type ParsedHeader,
  readGgufHeader,
  readStrings,
} from "./gguf-header.ts";
import type { Library } from "./library.ts";

export type { GgufTensor } from "./gguf-header.ts";

/** An open GGUF file: its metadata, and where its tensors lie. Needs no native code. */
export class GgufFile {
  private constructor(
    readonly path: string,
    private readonly fd: number,
    private readonly header: ParsedHeader,
    private readonly code: TrainerErrorCode,
  ) {}

  /**
   * Reads the header and checks that every tensor lies inside the file.
   * @throws TrainerError (`code`) when the file is missing, no GGUF, damaged or cut short
   */
  static open(path: string, code: TrainerErrorCode = "model-unreadable"): GgufFile {
    try {
      const fd = openSync(path, "r");
      try {
        return new GgufFile(path, fd, readGgufHeader(fd, path, code), code);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    } catch (cause) {
      if (cause instanceof TrainerError) throw cause;
      const why: Record<string, string> = {
        ENOENT: "no such file",
        EISDIR: "it is a folder",
        EACCES: "no permission",
      };
      const reason = why[(cause as NodeJS.ErrnoException).code ?? ""] ?? String(cause);
      throw new TrainerError(code, `${path} cannot be read: ${reason}.`, { cause });
    }
  }

  get tensors(): ReadonlyMap<string, GgufTensor> {
    return this.header.tensors;
  }

  has(key: string): boolean {
    return this.header.entries.has(key);
  }

  /** A number or boolean of any width, or undefined when the key is absent or of another type. */
  number(key: string): number | undefined {
    const value = this.header.entries.get(key)?.value;
    return typeof value === "number" ? value : undefined;
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
    const value = this.header.entries.get(key)?.value;
    return typeof value === "string" ? value : undefined;
  }

  /** A short array of numbers or booleans, or undefined where there is none. */
  numbers(key: string): number[] | undefined {
    const value = this.header.entries.get(key)?.value;
    return Array.isArray(value) ? value : undefined;
  }

  /** An array of texts, read from the file; undefined where there is none. */
  strings(key: string, encoding: "utf8" | "latin1" = "utf8"): string[] | undefined {
    const entry = this.header.entries.get(key);
    if (entry?.length === undefined || entry.type !== GGUF_STRING) return undefined;
    const bytes = Buffer.alloc(entry.end - entry.valueStart);
    this.readAt(bytes, entry.valueStart);
    return readStrings(bytes, entry.length, encoding);
  }

  /** Length of an array, 0 when absent. */
  arrayLength(key: string): number {
    return this.header.entries.get(key)?.length ?? 0;
  }

  /** A tensor's raw bytes. */
  read(tensor: GgufTensor): Uint8Array {
    const bytes = new Uint8Array(tensor.bytes);
    this.readInto(bytes, tensor, 0);
    return bytes;
  }

  /** Fills a buffer with a tensor's raw bytes from byte `from` of the tensor on. */
  readInto(bytes: Uint8Array, tensor: GgufTensor, from: number): void {
    this.readAt(bytes, tensor.offset + from);
  }

  private readAt(bytes: Uint8Array, position: number): void {
    let done = 0;
    while (done < bytes.length) {
      const n = readSync(this.fd, bytes, done, bytes.length - done, position + done);
      if (n === 0) {
        throw new TrainerError(this.code, `${this.path} became shorter while it was read.`);
      }
      done += n;
    }
  }

  /** Adds all metadata to a GGUF context of ggml's, as they are. */
  copyMetadata({ c }: Library, target: bigint): void {
    const handle = c.gguf_init_from_file(this.path, { no_alloc: true, ctx: null });
    if (!handle) throw new TrainerError(this.code, `${this.path} was changed while it was read.`);
    c.gguf_set_kv(target, handle);
    c.gguf_free(handle);
  }

  close(): void {
    closeSync(this.fd);
  }
}
