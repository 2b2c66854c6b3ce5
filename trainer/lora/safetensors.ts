import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import * as v from "valibot";
import { TrainerError } from "../errors.ts";
import { OutputFile } from "../output.ts";

/** The types of values that are understood, with their bytes. */
const DTYPES = { F32: 4, F16: 2, BF16: 2 } as const;
export type Dtype = keyof typeof DTYPES;

/** A tensor of a safetensors file, row-major: `shape[0]` rows. */
export interface SafeTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Bytes from the beginning of the file. */
  offset: number;
  bytes: number;
}

/** Bytes of the header's length, and the most that the reference implementation lets it say. */
const LENGTH_BYTES = 8;
const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";

const SIZE = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ENTRY = v.object({
  dtype: v.string(),
  shape: v.pipe(v.array(SIZE), v.maxLength(8)),
  data_offsets: v.tuple([SIZE, SIZE]),
});

/**
 * An open safetensors file: 8 bytes of the header's length (little endian), the header as JSON, the
 * data (https://github.com/huggingface/safetensors, "Format").
 */
export class SafetensorsFile {
  private constructor(
    readonly path: string,
    private readonly fd: number,
    readonly tensors: ReadonlyMap<string, SafeTensor>,
  ) {}

  /**
   * Reads the header and checks all of it: the data are the tensors, one after another, without
   * holes or overlaps.
   * @throws TrainerError `adapter-unreadable`
   */
  static open(path: string): SafetensorsFile {
    let fd: number;
    try {
      fd = openSync(path, "r");
    } catch (cause) {
      throw new TrainerError("adapter-unreadable", `${path} cannot be opened: ${cause}.`, {
        cause,
      });
    }
    try {
      return new SafetensorsFile(path, fd, readHeader(fd, path));
    } catch (cause) {
      closeSync(fd);
      if (cause instanceof TrainerError) throw cause;
      throw new TrainerError("adapter-unreadable", `${path} cannot be read: ${cause}.`, { cause });
    }
  }

  /** A tensor's raw bytes. */
  read(tensor: SafeTensor): Uint8Array {
    return readBytes(this.fd, this.path, tensor.offset, tensor.bytes);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/**
 * Writes a safetensors file through a temporary name.
 * @param tensors their bytes are asked for one after another
 * @throws TrainerError `write-failed`
 */
export async function writeSafetensors(
  path: string,
  tensors: { name: string; dtype: Dtype; shape: number[]; data: () => Promise<Uint8Array> }[],
): Promise<void> {
  const header: Record<string, unknown> = { [METADATA]: { format: "pt" } };
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = offset + product(shape) * DTYPES[dtype];
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = JSON.stringify(header);
  const room = Math.ceil(Buffer.byteLength(json) / LENGTH_BYTES) * LENGTH_BYTES;
  // Spaces after the JSON let the data begin at a multiple of 8, as the format recommends.
  const bytes = Buffer.alloc(LENGTH_BYTES + room, " ");
  bytes.writeBigUInt64LE(BigInt(room));
  bytes.write(json, LENGTH_BYTES);
  const file = OutputFile.create(path);
  try {
    file.write(bytes);
    for (const { data } of tensors) file.write(await data());
    file.publish();
  } finally {
    file.discard();
  }
}

function readHeader(fd: number, path: string): Map<string, SafeTensor> {
  const { size } = fstatSync(fd);
  const refuse = (what: string): TrainerError =>
    new TrainerError(
      "adapter-unreadable",
      `${path} is no intact safetensors file: ${what}. Download or copy it again.`,
    );
  if (size < LENGTH_BYTES) throw refuse(`it has ${size} bytes`);
  const length = Buffer.from(readBytes(fd, path, 0, LENGTH_BYTES)).readBigUInt64LE();
  if (length > size - LENGTH_BYTES || length > MAX_HEADER) {
    throw refuse(`its header claims ${length} bytes, the file has ${size}`);
  }
  const header = parseHeader(readBytes(fd, path, LENGTH_BYTES, Number(length)), refuse);
  const start = LENGTH_BYTES + Number(length);
  const tensors = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => readEntry(name, entry, start, path, refuse))
    .sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = start;
  for (const { name, offset, bytes } of tensors) {
    if (offset !== end) {
      throw refuse(`tensor ${name} begins at byte ${offset} where the one before ends at ${end}`);
    }
    end += bytes;
  }
  if (end !== size) throw refuse(`its tensors end at byte ${end}, the file has ${size}`);
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

function parseHeader(
  bytes: Uint8Array,
  refuse: (what: string) => TrainerError,
): Record<string, unknown> {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw refuse("its header is not JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw refuse("its header is no JSON object");
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw refuse(`its header has ${twice} twice`);
  return header as Record<string, unknown>;
}

function readEntry(
  name: string,
  value: unknown,
  start: number,
  path: string,
  refuse: (what: string) => TrainerError,
): SafeTensor {
  const parsed = v.safeParse(ENTRY, value);
  if (!parsed.success) throw refuse(`the header's entry of ${name} is malformed`);
  const { dtype, shape, data_offsets } = parsed.output;
  if (!Object.hasOwn(DTYPES, dtype)) {
    throw new TrainerError(
      "adapter-unreadable",
      `${path}: tensor ${name} has the type ${dtype}; supported are ${Object.keys(DTYPES).join(", ")}. Save the adapter in one of them.`,
    );
  }
  const known = dtype as Dtype;
  const [from, to] = data_offsets;
  const bytes = product(shape) * DTYPES[known];
  if (to - from !== bytes) {
    throw refuse(`tensor ${name}, ${dtype} [${shape}], has ${to - from} bytes instead of ${bytes}`);
  }
  return { name, dtype: known, shape, offset: start + from, bytes };
}

/**
 * The first key that stands twice in one object of a valid JSON text: JSON.parse takes the last of
 * them in silence, other readers the first.
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, text, isKey] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (text && isKey) {
      const key = JSON.parse(text) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

function readBytes(fd: number, path: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const n = readSync(fd, bytes, done, length - done, offset + done);
    if (n === 0) {
      throw new TrainerError("adapter-unreadable", `${path} became shorter while it was read.`);
    }
    done += n;
  }
  return bytes;
}

function product(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
