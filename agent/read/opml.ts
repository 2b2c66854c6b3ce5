import { parseOpml as parse } from "feedsmith";
import { ReadError } from "./errors.ts";
import { charsetOfXml, decodeText } from "./sniff.ts";

/** A feed as a list of subscriptions names it. */
export interface Subscription {
  address: string;
  title?: string;
  site?: string;
}

interface Outline {
  text?: string;
  title?: string;
  xmlUrl?: string;
  htmlUrl?: string;
  outlines?: Outline[];
}

/**
 * The feeds of an OPML file, those within folders too.
 * @throws ReadError `no-feed` or `binary`
 */
export function parseOpml(raw: { source: string; bytes: Uint8Array }): Subscription[] {
  const { source, bytes } = raw;
  let outlines: Outline[];
  try {
    const opml = parse(decodeText(bytes, source, charsetOfXml(bytes)).trim());
    outlines = (opml.body?.outlines ?? []) as Outline[];
  } catch (error) {
    if (error instanceof ReadError) throw error;
    throw new ReadError(
      "no-feed",
      source,
      `${source} is no OPML that can be read: export the subscriptions again from where they come.`,
      { cause: error },
    );
  }
  const found = new Map<string, Subscription>();
  for (let next = outlines.shift(); next; next = outlines.shift()) {
    outlines.unshift(...(next.outlines ?? []));
    const address = next.xmlUrl?.trim();
    if (!address || found.has(address)) continue;
    found.set(address, {
      address,
      title: (next.title ?? next.text)?.trim() || undefined,
      site: next.htmlUrl?.trim() || undefined,
    });
  }
  return [...found.values()];
}
