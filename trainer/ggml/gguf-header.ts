import { fstatSync, readSync } from "node:fs";
import { TrainerError, type TrainerErrorCode } from "../errors.ts";
import type { Shape } from "./tensor.ts";
import { bytesOf, TENSOR_TYPES } from "./tensor-types.ts";

/** GGUF's numbers for the types of values that the format itself uses. */
const U32 = 4;
export const GGUF_STRING = 8;
const ARRAY = 9;
const U64 = 10;

/** Numbers and booleans: bytes of a value and how it is read. */
const SCALARS: Readonly<Record<number, { bytes: number; read(view: DataView): number }>> = {
  0: { bytes: 1, read: (v) => v.getUint8(0) },
  1: { bytes: 1, read: (v) => v.getInt8(0) },
  2: { bytes: 2, read: (v) => v.getUint16(0, true) },
  3: { bytes: 2, read: (v) => v.getInt16(0, true) },
  4: { bytes: 4, read: (v) => v.getUint32(0, true) },
  5: { bytes: 4, read: (v) => v.getInt32(0, true) },
  6: { bytes: 4, read: (v) => v.getFloat32(0, true) },
  7: { bytes: 1, read: (v) => (v.getInt8(0) !== 0 ? 1 : 0) },
  10: { bytes: 8, read: (v) => Number(v.getBigUint64(0, true)) },
  11: { bytes: 8, read: (v) => Number(v.getBigInt64(0, true)) },
  12: { bytes: 8, read: (v) => v.getFloat64(0, true) },
};

const VERSIONS = [2, 3];
const DEFAULT_ALIGNMENT = 32;
/** ggml's own limits. */
const MAX_NAME_BYTES = 63;
const MAX_DIMENSIONS = 4;
/** Longer arrays (a vocabulary) are skipped; their bytes can be copied from the file. */
const MAX_KEPT_NUMBERS = 4096;
const MAX_STRING_BYTES = 1 << 24;
/** The least that a key with its value, or a tensor's description, takes. */
const MIN_ENTRY_BYTES = 13;

/** One key of the metadata. */
export interface GgufEntry {
  /** GGUF's number of the value's type; of its elements' type in an array. */
  type: number;
  /** Elements of an array, undefined for a single value. */
  length?: number;
  /** Single values, and numbers of short arrays. */
  value?: number | string | number[];
  /** Where key and value lie in the file, and where the value, or an array's first element, begins. */
  start: number;
  valueStart: number;
  end: number;
}

export interface GgufTensor {
  name: string;
  /** ggml's number of the type, one of {@link TENSOR_TYPES}. */
  type: number;
  ne: Shape;
  /** Bytes from the beginning of the file. */
  offset: number;
  bytes: number;
}

export interface ParsedHeader {
  entries: Map<string, GgufEntry>;
  tensors: Map<string, GgufTensor>;
  /** Where the metadata begin, and where they end and the tensors' descriptions begin. */
  metadataStart: number;
  metadataEnd: number;
  alignment: number;
}

/** What is wrong with a header, to go into a sentence. */
class Damage extends Error {}

/**
 * Reads a GGUF header and checks that it is consistent and every tensor lies inside the file. No
 * native code, because a damaged header makes native readers abort.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 * @param path for the message
 * @throws TrainerError (`code`) when it is no GGUF, damaged or cut short
 */
export function readGgufHeader(fd: number, path: string, code: TrainerErrorCode): ParsedHeader {
  const { size } = fstatSync(fd);
  const reader = new Reader(fd, size);
  if (size < 4 || reader.take(4).toString("latin1") !== "GGUF") {
    throw new TrainerError(
      code,
      `${path} is not a GGUF file. Name a model or adapter in GGUF format.`,
    );
  }
  let header: ParsedHeader;
  try {
    header = parse(reader);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new TrainerError(
      code,
      `${path} has a damaged or truncated GGUF header (${size} bytes): ${error.message}. Download or copy it again.`,
    );
  }
  for (const { name, offset, bytes } of header.tensors.values()) {
    if (offset + bytes > size) {
      throw new TrainerError(
        code,
        `${path} is truncated: tensor ${name} ends at byte ${offset + bytes}, the file has ${size}. Download or copy it again.`,
      );
    }
  }
  return header;
}

function parse(reader: Reader): ParsedHeader {
  const version = reader.number(U32);
  if (!VERSIONS.includes(version)) throw new Damage(`its version is ${version}`);
  const tensorCount = reader.count(reader.number(U64), MIN_ENTRY_BYTES, "tensors");
  const entryCount = reader.count(reader.number(U64), MIN_ENTRY_BYTES, "keys");
  const metadataStart = reader.at;
  const entries = new Map<string, GgufEntry>();
  for (let i = 0; i < entryCount; i++) {
    const start = reader.at;
    const key = reader.name();
    if (key === "" || entries.has(key)) throw new Damage(`key ${i + 1} is empty or there twice`);
    entries.set(key, { ...readValue(reader), start, end: reader.at });
  }
  const metadataEnd = reader.at;
  const alignment = entries.get("general.alignment")?.value ?? DEFAULT_ALIGNMENT;
  if (typeof alignment !== "number" || !(alignment > 0) || !Number.isInteger(Math.log2(alignment)))
    throw new Damage(`its alignment is ${alignment}`);
  const described = Array.from({ length: tensorCount }, () => readTensor(reader));
  const dataStart = roundUp(reader.at, alignment);
  const tensors = new Map<string, GgufTensor>();
  let next = 0;
  for (const tensor of described) {
    if (tensors.has(tensor.name)) throw new Damage(`tensor ${tensor.name} is there twice`);
    // Tensors lie one behind the other; ggml reads no others either.
    if (tensor.offset !== next) {
      throw new Damage(`tensor ${tensor.name} lies at ${tensor.offset}, not ${next}`);
    }
    next = roundUp(next + tensor.bytes, alignment);
    tensors.set(tensor.name, { ...tensor, offset: dataStart + tensor.offset });
  }
  return { entries, tensors, metadataStart, metadataEnd, alignment };
}

function readValue(reader: Reader): Omit<GgufEntry, "start" | "end"> {
  const type = reader.number(U32);
  const valueStart = reader.at;
  if (type === GGUF_STRING) return { type, valueStart, value: reader.string() };
  if (type !== ARRAY) return { type, valueStart, value: reader.number(type) };
  const elementType = reader.number(U32);
  const bytes = elementType === GGUF_STRING ? 8 : SCALARS[elementType]?.bytes;
  if (!bytes) throw new Damage(`an array has elements of the unknown type ${elementType}`);
  const length = reader.count(reader.number(U64), bytes, "array elements");
  const array = { type: elementType, length, valueStart: reader.at };
  if (elementType === GGUF_STRING) {
    for (let i = 0; i < length; i++) reader.skip(reader.stringBytes());
  } else if (length <= MAX_KEPT_NUMBERS) {
    return { ...array, value: Array.from({ length }, () => reader.number(elementType)) };
  } else {
    reader.skip(length * bytes);
  }
  return array;
}

function readTensor(reader: Reader): GgufTensor {
  const name = reader.name();
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new Damage("a tensor's name is too long");
  const dimensions = reader.number(U32);
  if (dimensions > MAX_DIMENSIONS) throw new Damage(`tensor ${name} has ${dimensions} dimensions`);
  const ne: [number, number, number, number] = [1, 1, 1, 1];
  for (let i = 0; i < dimensions; i++) ne[i] = reader.number(U64);
  const elements = ne.reduce((product, n) => product * n, 1);
  if (ne.some((n) => n < 1) || !Number.isSafeInteger(elements * 8)) {
    throw new Damage(`tensor ${name} has the dimensions [${ne}]`);
  }
  const type = reader.number(U32);
  const layout = TENSOR_TYPES.get(type);
  if (!layout || ne[0] % layout.elements !== 0) {
    throw new Damage(`tensor ${name} has the type ${type} and rows of ${ne[0]}`);
  }
  return { name, type, ne, offset: reader.number(U64), bytes: bytesOf(type, elements) };
}

/** The texts of an array of {@link GgufEntry.length}, from its bytes. */
export function readStrings(bytes: Buffer, length: number, encoding: "utf8" | "latin1"): string[] {
  let at = 0;
  return Array.from({ length }, () => {
    const start = at + 8;
    at = start + Number(bytes.readBigUInt64LE(at));
    return bytes.toString(encoding, start, at);
  });
}

/** Reads a file front to back through a buffer, and never beyond its end. */
class Reader {
  private static readonly CHUNK = 1 << 20;
  at = 0;
  private buffer = Buffer.alloc(0);
  private bufferAt = 0;

  constructor(
    private readonly fd: number,
    private readonly size: number,
  ) {}

  take(bytes: number): Buffer {
    if (bytes > this.size - this.at) throw new Damage("it ends too early");
    const from = this.at - this.bufferAt;
    if (from < 0 || from + bytes > this.buffer.length) this.fill(bytes);
    const start = this.at - this.bufferAt;
    this.at += bytes;
    return this.buffer.subarray(start, start + bytes);
  }

  skip(bytes: number): void {
    if (bytes > this.size - this.at) throw new Damage("it ends too early");
    this.at += bytes;
  }

  number(type: number): number {
    const scalar = SCALARS[type];
    if (!scalar) throw new Damage(`a value has the unknown type ${type}`);
    const bytes = this.take(scalar.bytes);
    return scalar.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  stringBytes(): number {
    const bytes = this.number(U64);
    if (bytes > MAX_STRING_BYTES) throw new Damage(`a text of ${bytes} bytes`);
    return bytes;
  }

  string(): string {
    return this.take(this.stringBytes()).toString("utf8");
  }

  /** A text that goes into messages. */
  name(): string {
    const text = this.string();
    if (/\p{Cc}/u.test(text)) throw new Damage("a name has control characters");
    return text;
  }

  /** A count of things that take at least so many bytes each, which bounds every loop over them. */
  count(n: number, bytesEach: number, what: string): number {
    if (n * bytesEach > this.size - this.at) throw new Damage(`it cannot hold ${n} ${what}`);
    return n;
  }

  private fill(atLeast: number): void {
    const wanted = Math.min(Math.max(atLeast, Reader.CHUNK), this.size - this.at);
    const buffer = Buffer.alloc(wanted);
    let done = 0;
    while (done < wanted) {
      const n = readSync(this.fd, buffer, done, wanted - done, this.at + done);
      if (n === 0) throw new Damage("it became shorter while it was read");
      done += n;
    }
    this.buffer = buffer;
    this.bufferAt = this.at;
  }
}

function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}
