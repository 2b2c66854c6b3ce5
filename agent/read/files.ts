import { type Stats, statSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ReadError } from "./errors.ts";
import { type ReadLimits, tooLarge } from "./limits.ts";
import { isReadableName } from "./sniff.ts";

/** Folders that hold what programs made, not what people wrote. */
export const SKIPPED_FOLDERS = new Set(["node_modules", "__pycache__"]);

/** What the files of a folder are. */
export interface FolderListing {
  /** Absolute paths in the order of their names. */
  files: string[];
  /** How many files are of kinds that cannot be read. */
  skipped: number;
}

/**
 * Whether a path is a file or a folder, with what can be said against it before reading it.
 * @throws ReadError `missing`, `unreadable`, `empty` or `too-large`
 */
export function inspectPath(path: string, limits: ReadLimits): "file" | "folder" {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    throw explainFileError(error, path);
  }
  if (stats.isDirectory()) return "folder";
  if (!stats.isFile()) {
    throw new ReadError(
      "unsupported",
      path,
      `${path} is neither a file nor a folder: give a text file, a folder or an address.`,
    );
  }
  if (stats.size === 0) {
    throw new ReadError("empty", path, `${path} is empty: there is nothing in it to learn.`);
  }
  if (stats.size > limits.maxBytes) throw tooLarge(path, stats.size, limits);
  return "file";
}

/**
 * Reads a file whole. @throws ReadError `missing`, `unreadable`, `empty` or `too-large`
 * @param source the file as people know it, for messages
 */
export async function readFileBytes(
  path: string,
  limits: ReadLimits,
  source = path,
): Promise<Uint8Array> {
  try {
    await using file = await open(path, "r");
    // Sized by what is read and not by what was promised: the file may be growing.
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      bytes += chunk.length;
      if (bytes > limits.maxBytes) {
        throw tooLarge(source, Math.max(bytes, (await file.stat()).size), limits);
      }
      chunks.push(chunk);
    }
    if (bytes === 0) {
      throw new ReadError("empty", source, `${source} is empty: there is nothing in it to learn.`);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw error instanceof ReadError ? error : explainFileError(error, source);
  }
}

/**
 * The readable files below a folder. Hidden ones are left out, and folders behind links.
 * @throws ReadError `empty-folder` when there are none, `too-large` when there are too many
 */
export async function listFolder(
  path: string,
  limits: ReadLimits,
  signal?: AbortSignal,
): Promise<FolderListing> {
  const listing = await walkFolder(path, limits, signal);
  if (listing.files.length === 0) {
    const { skipped } = listing;
    const others = skipped > 0 ? ` (${skipped} of other kinds)` : "";
    throw new ReadError(
      "empty-folder",
      path,
      `${path} has no file that can be read${others}: put texts, Markdown, HTML, PDF, EPUB or DOCX files there.`,
    );
  }
  return listing;
}

/** As {@link listFolder}, where a folder may be empty. @throws ReadError `too-large` */
export async function walkFolder(
  path: string,
  limits: ReadLimits,
  signal?: AbortSignal,
): Promise<FolderListing> {
  const files: string[] = [];
  let skipped = 0;
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal?.throwIfAborted();
    for (const entry of await entries(folder, folder === path)) {
      if (entry.name.startsWith(".")) continue;
      const full = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name)) folders.push(full);
      } else if (entry.isFile() || (entry.isSymbolicLink() && leadsToFile(full))) {
        if (isReadableName(entry.name)) files.push(full);
        else skipped += 1;
      }
      if (files.length > limits.maxFiles) {
        throw new ReadError(
          "too-large",
          path,
          `${path} has more than ${limits.maxFiles} files to read: give its folders one by one.`,
        );
      }
    }
  }
  return { files: files.sort(), skipped };
}

async function entries(folder: string, top: boolean) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // A folder within that may not be entered does not spoil the others.
    if (top) throw explainFileError(error, folder);
    return [];
  }
}

function leadsToFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function explainFileError(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const options = { cause: error };
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new ReadError(
        "missing",
        path,
        `${path} does not exist: check the spelling, or give an address with http:// or https://.`,
        options,
      );
    case "EACCES":
    case "EPERM":
      return new ReadError(
        "unreadable",
        path,
        `${path} may not be read by this user: change its permissions.`,
        options,
      );
    case "ELOOP":
    case "ENAMETOOLONG":
    case "EIO":
    case "ENXIO":
    case "EISDIR":
      return new ReadError(
        "unreadable",
        path,
        `${path} cannot be read (${code}): check the file and the disk it is on.`,
        options,
      );
    default:
      return error;
  }
}
