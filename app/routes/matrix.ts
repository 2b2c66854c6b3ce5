import type { Hono } from "hono";
import { matrixPicture } from "../../views/charts/heatmap.ts";
import type { Matrix } from "../../views/types.ts";
import { RequestError } from "../errors.tsx";
import { themeOf } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The accuracy matrix as a picture, and its numbers. */
export function matrixRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { memory } = site.board;

  app.get("/matrix/picture", (c) => {
    const matrix = memory.matrix();
    if (matrix.rows.length === 0) {
      throw new RequestError(404, "There is no matrix before the first update.");
    }
    const { type, body } = matrixPicture(matrix, themeOf(c));
    // Its address names the revision, so a picture of that address never changes.
    const fresh = c.req.query("rev") === memory.facts().revision;
    const cache = fresh ? "private, max-age=86400, immutable" : "no-store";
    return c.body(body, 200, { "Content-Type": type, "Cache-Control": cache });
  });

  app.get("/matrix.csv", (c) =>
    c.body(matrixCsv(memory.matrix()), 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="selkie-matrix.csv"',
    }),
  );

  app.get("/matrix.json", (c) => {
    const { rows, columns, values } = memory.matrix();
    return c.json({
      rows: rows.map(({ label, updateId }) => ({ version: Number(label.slice(1)), updateId })),
      columns: columns.map(({ passageId, label }) => ({ passageId, title: label })),
      accuracy: values,
      metrics: memory.facts().metrics,
    });
  });
}

/** One line for each update, one column for each passage; empty where it was not measured. */
export function matrixCsv({ rows, columns, values }: Matrix): string {
  const head = ["update", "version", ...columns.map((column) => quote(column.label))];
  const lines = values.map((row, t) =>
    [rows[t]!.updateId ?? "", rows[t]!.label, ...row.map((value) => value ?? "")].join(","),
  );
  return `${[head.join(","), ...lines].join("\r\n")}\r\n`;
}

/** Spreadsheets take a cell that begins with one of these for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function quote(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replace(/\s+/g, " ").replaceAll('"', '""')}"`;
}
