import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { inWords } from "../../trainer/devices/memory.ts";
import { fileHash } from "../read/hash.ts";
import { sleep } from "../sleep.ts";
import { findAddress, hubHeaders, type ModelAddress, missing } from "./address.ts";
import { PullError } from "./errors.ts";

/** What a download that is not finished is called after its name. */
export const PARTIAL = ".part";

/** How far a download is. */
export interface Pulling {
  file: string;
  /** Bytes. */
  done: number;
  total: number;
  bytesPerSecond: number;
}

interface PullOptions {
  onProgress?: (pulling: Pulling) => void;
  signal?: AbortSignal;
}

/** What the server says of the file. */
interface Remote {
  total: number;
  /** Changes when the file does; none where the server says nothing. */
  tag: string;
}

/** Room on the disk that a download leaves, in bytes. */
const SPARE = 200e6;
/** A connection on which nothing comes for so long is broken, in milliseconds. */
const SILENCE_MS = 60_000;
const TOLD_EVERY_MS = 200;
/** Waits after connections that brought nothing, in milliseconds; after the last it is given up. */
const WAITS_MS = [500, 1000, 2000, 5000, 10_000, 20_000, 30_000];

/**
 * Downloads a model, see {@link findAddress}. One that was begun before goes on at the byte where it was, if
 * the file is still the same; connections that break are made again. Where the server tells the file's
 * SHA-256, as Hugging Face does, it is checked.
 * @param folder where to; made if it is not there
 * @returns the path of the file, which is there only when it is whole
 * @throws PullError; the signal's reason
 */
export async function pullModel(
  uri: string,
  folder: string,
  { onProgress = () => {}, signal = new AbortController().signal }: PullOptions = {},
): Promise<string> {
  signal.throwIfAborted();
  const address = await findAddress(uri, signal);
  const remote = await look(uri, address, signal);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, address.file);
  const there = sizeOf(path);
  if (there === remote.total) return path;
  if (there !== undefined) {
    throw new PullError(
      "taken",
      `${path} is there already, with another size: remove it, or rename it.`,
    );
  }
  const part = path + PARTIAL;
  if (tagOf(part) !== remote.tag || (sizeOf(part) ?? 0) > remote.total) {
    rmSync(part, { force: true });
    writeFileSync(`${part}.tag`, remote.tag);
  }
  checkRoom(uri, folder, remote.total - (sizeOf(part) ?? 0));
  await fill(uri, address, part, remote, onProgress, signal);
  await checkHash(uri, part, remote.tag);
  renameSync(part, path);
  rmSync(`${part}.tag`, { force: true });
  return path;
}

/** Asks for the file's size and tag, where the first server knows them: it may send on to another one. */
async function look(uri: string, { url }: ModelAddress, signal: AbortSignal): Promise<Remote> {
  let failure = "";
  for (const wait of [...WAITS_MS, 0]) {
    try {
      const response = await fetch(url, {
        method: "HEAD",
        redirect: "manual",
        headers: { ...hubHeaders(url), "accept-encoding": "identity" },
        signal: AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]),
      });
      const { headers, status } = response;
      const linked = headers.get("x-linked-size");
      if (status >= 300 && status < 400 && linked === null) {
        // Elsewhere on the same server, as after a renaming.
        const next = new URL(headers.get("location") ?? "", url);
        if (next.href !== url.href) return look(uri, { url: next, file: "" }, signal);
      }
      if (status >= 400 && status !== 429 && status < 500) throw missing(uri, status);
      const total = Number(linked ?? headers.get("content-length"));
      const tag = headers.get("x-linked-etag") ?? headers.get("etag") ?? "";
      if (status < 400 && total > 0) return { total, tag };
      failure = `HTTP ${status}`;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PullError) throw error;
      failure = error instanceof Error ? error.message : String(error);
    }
    await sleep(wait, signal);
    signal.throwIfAborted();
  }
  throw unreachable(uri, failure);
}

/** Appends what is missing, over as many connections as it takes. */
async function fill(
  uri: string,
  address: ModelAddress,
  part: string,
  remote: Remote,
  onProgress: (pulling: Pulling) => void,
  signal: AbortSignal,
): Promise<void> {
  const meter = new Meter(address.file, remote.total, sizeOf(part) ?? 0, onProgress);
  for (let inVain = 0; (sizeOf(part) ?? 0) < remote.total; ) {
    const before = sizeOf(part) ?? 0;
    let failure = "the connection ended early";
    try {
      await append(uri, address.url, part, remote, meter, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PullError) throw error;
      // The disk is full, or gone: no other connection helps.
      if (error instanceof Error && "syscall" in error && "path" in error) throw error;
      failure = error instanceof Error ? error.message : String(error);
    }
    const now = sizeOf(part) ?? 0;
    if (now >= remote.total) break;
    inVain = now > before ? 0 : inVain + 1;
    const wait = WAITS_MS[inVain];
    if (wait === undefined) throw unreachable(uri, failure);
    await sleep(wait, signal);
    signal.throwIfAborted();
  }
  meter.tell(remote.total, true);
}

/** One connection: from where the file ends to where the connection does. */
async function append(
  uri: string,
  url: URL,
  part: string,
  remote: Remote,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  const from = sizeOf(part) ?? 0;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error("nothing came")), SILENCE_MS);
  try {
    const response = await fetch(url, {
      headers: {
        ...hubHeaders(url),
        "accept-encoding": "identity",
        ...(from > 0 && { range: `bytes=${from}-` }),
      },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status >= 400 && response.status !== 429 && response.status < 500) {
      throw missing(uri, response.status);
    }
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    // A server that cannot go on sends everything again.
    const start = response.status === 206 ? startOf(response) : 0;
    if (start > from) throw new Error("the server left something out");
    await using file = await open(part, from > 0 ? "r+" : "w");
    await file.truncate(start);
    let at = start;
    for await (const bytes of response.body) {
      timer.refresh();
      if (at + bytes.length > remote.total) throw new Error("more came than was announced");
      await file.write(bytes, 0, bytes.length, at);
      at += bytes.length;
      meter.tell(at);
    }
    await file.sync();
  } finally {
    clearTimeout(timer);
  }
}

/** Hugging Face's tags are SHA-256. */
async function checkHash(uri: string, part: string, tag: string): Promise<void> {
  const expected = /^"?([0-9a-f]{64})"?$/.exec(tag)?.[1];
  if (!expected) return;
  if ((await fileHash(part)) === expected) return;
  rmSync(part);
  throw new PullError(
    "damaged",
    `${uri} did not arrive as it was sent (its SHA-256 is another one): pull it again.`,
  );
}

function checkRoom(uri: string, folder: string, missingBytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = Number(bavail) * Number(bsize);
  if (missingBytes + SPARE <= free) return;
  throw new PullError(
    "no-room",
    `${uri} needs ${inWords(missingBytes + SPARE)} on the disk, and ${folder} has ${inWords(free)}: free some, or set SELKIE_MODELS to another folder.`,
  );
}

/** Tells how far it is, a few times a second. */
class Meter {
  private readonly began = performance.now();
  private told = 0;

  constructor(
    private readonly file: string,
    private readonly total: number,
    private readonly first: number,
    private readonly onProgress: (pulling: Pulling) => void,
  ) {}

  tell(done: number, last = false): void {
    const now = performance.now();
    if (!last && now - this.told < TOLD_EVERY_MS) return;
    this.told = now;
    const { file, total } = this;
    const seconds = Math.max(0.001, (now - this.began) / 1000);
    const bytesPerSecond = Math.max(0, done - this.first) / seconds;
    this.onProgress({ file, done, total, bytesPerSecond });
  }
}

function startOf(response: Response): number {
  return Number(
    /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN,
  );
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** The tag of the file that a partial download is of. */
function tagOf(part: string): string | undefined {
  try {
    return readFileSync(`${part}.tag`, "utf8");
  } catch {
    return undefined;
  }
}

function unreachable(uri: string, reason: string): PullError {
  return new PullError(
    "unreachable",
    `${uri} could not be downloaded (${reason.replace(/\.$/, "")}): pull it again, it goes on where it was.`,
  );
}
