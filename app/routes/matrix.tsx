/** @jsxImportSource hono/jsx */
import type { Context, Hono } from "hono";
import type { MatrixWindow } from "../../agent/measure/matrix.ts";
import { matrixSize } from "../../db/dashboard.ts";
import { matrixPicture } from "../../views/charts/heatmap.ts";
import { MatrixPage } from "../../views/matrix.tsx";
import type { Matrix } from "../../views/types.ts";
import { RequestError } from "../errors.tsx";
import { page } from "../page.ts";
import { themeOf } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The accuracy matrix as a picture that can be zoomed into, and its numbers. */
export function matrixRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { memory } = site.board;
  const { db, config } = site.instance;
  const matrixFor = (c: Context<SiteEnv>) => memory.matrix(windowOf(c, matrixSize(db)));

  app.get("/matrix", async (c) => {
    const matrix = await matrixFor(c);
    c.header("Cache-Control", "no-store");
    const { revision } = memory.facts();
    return page(c, <MatrixPage matrix={matrix} revision={revision} model={config.model} />);
  });

  app.get("/matrix/picture", async (c) => {
    const matrix = await matrixFor(c);
    if (matrix.rows.length === 0) {
      throw new RequestError(404, "There is no matrix before the first update.");
    }
    const { type, body } = matrixPicture(matrix, themeOf(c));
    // Its address names the revision, so a picture of that address never changes.
    const fresh = c.req.query("rev") === memory.facts().revision;
    const cache = fresh ? "private, max-age=86400, immutable" : "no-store";
    return c.body(body, 200, { "Content-Type": type, "Cache-Control": cache });
  });

  app.get("/matrix.csv", async (c) =>
    c.body(matrixCsv(await matrixFor(c)), 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="selkie-matrix.csv"',
    }),
  );

  app.get("/matrix.json", async (c) => {
    const { size, window, rows, columns, values } = await matrixFor(c);
    return c.json({
      size,
      window,
      rows: rows.map(({ label, updateId }) => ({
        version: Number.parseInt(label.slice(1), 10),
        label,
        updateId,
      })),
      columns: columns.map(({ passageId, label }) => ({ passageId, title: label })),
      accuracy: values,
      metrics: memory.facts().metrics,
    });
  });
}

/** The stretch that an address names, as `rows=0-250&columns=0-250`; all of it where it names none. */
function windowOf(
  c: Context<SiteEnv>,
  size: { rows: number; columns: number },
): MatrixWindow | undefined {
  const { rows, columns } = c.req.query();
  if (rows === undefined && columns === undefined) return undefined;
  return {
    rows: stretchOf(rows, size.rows),
    columns: stretchOf(columns, size.columns),
  };
}

function stretchOf(text: string | undefined, length: number): [number, number] {
  if (text === undefined) return [0, length];
  const [, from, to] = /^(\d{1,9})-(\d{1,9})$/.exec(text)?.map(Number) ?? [];
  if (from !== undefined && to !== undefined && from < to && from < length) return [from, to];
  throw new RequestError(404, "There is no such stretch of the matrix.");
}

/** One line for each update, one column for each passage; empty where it was not measured. */
function matrixCsv({ rows, columns, values }: Matrix): string {
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
