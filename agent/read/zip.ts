import { type UnzipFileInfo, unzipSync } from "fflate";
import { ReadError } from "./errors.ts";

/** Entries of an archive at most; no book has so many. */
const MAX_ENTRIES = 20_000;
const MB = 1024 * 1024;

/** An archive whose entries are unpacked when they are asked for, up to a limit over all of them. */
export interface Archive {
  /** Names of the entries. */
  names: string[];
  has(name: string): boolean;
  /** The bytes of an entry, if it is there. @throws ReadError `too-large` or `damaged` */
  get(name: string): Uint8Array | undefined;
}

/**
 * Opens a ZIP archive. Sizes are checked against what the archive says of itself before anything is
 * unpacked, and an entry that turns out larger than that is cut off there.
 * @param maxUnpacked bytes that may be unpacked, over all entries that are asked for
 * @throws ReadError `damaged` or `too-large`
 */
export function openZip(bytes: Uint8Array, source: string, maxUnpacked: number): Archive {
  const sizes = new Map<string, number>();
  const unpack = (filter: (file: UnzipFileInfo) => boolean) => {
    try {
      return unzipSync(bytes, { filter });
    } catch (error) {
      if (error instanceof ReadError) throw error;
      throw new ReadError(
        "damaged",
        source,
        `${source} is a damaged archive, probably cut off: fetch or save it again.`,
        { cause: error },
      );
    }
  };
  unpack(({ name, originalSize }) => {
    sizes.set(name, originalSize);
    if (sizes.size > MAX_ENTRIES) throw bomb(source, `has more than ${MAX_ENTRIES} entries`);
    return false;
  });
  let left = maxUnpacked;
  return {
    names: [...sizes.keys()],
    has: (name) => sizes.has(name),
    get: (name) => {
      const size = sizes.get(name);
      if (size === undefined) return undefined;
      left -= size;
      if (left < 0) throw bomb(source, `unpacks to more than ${Math.round(maxUnpacked / MB)} MB`);
      return unpack((file) => file.name === name)[name];
    },
  };
}

function bomb(source: string, what: string): ReadError {
  return new ReadError(
    "too-large",
    source,
    `${source} ${what}, which no document needs: check where it comes from, or give its text.`,
  );
}
