import { resolve } from "node:path";

/** What the name of a report's file becomes for a picture of it. */
type Pictures = Readonly<Record<string, () => string>>;

/**
 * Writes a report with its rows as JSON, a line for each row, since there may be many, and its pictures
 * beside it.
 * @param pictures what draws each, by the ending that its file has in place of `.json`
 * @returns the files' paths
 */
export async function writeReport(
  out: string,
  report: object,
  rows: readonly object[],
  pictures: Pictures,
): Promise<string[]> {
  const path = resolve(out);
  const tables = JSON.stringify(report, null, 2).replace(/\n\}$/, "");
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(",\n");
  await Bun.write(path, `${tables},\n  "rows": [${lines && `\n${lines}\n  `}]\n}\n`);
  const written = [path];
  for (const [ending, draw] of Object.entries(pictures)) {
    const picture = path.replace(/(?:\.json)?$/, ending);
    await Bun.write(picture, draw());
    written.push(picture);
  }
  return written;
}

/** What a command says: the report in words, and the files that were written. */
export function withFiles(words: string, files: readonly string[]): string {
  const written = files.map((file) => `Written: ${file}`).join("\n");
  return [words, written].filter(Boolean).join("\n\n");
}
