/** A column of a table in plain text. */
export interface Column<Row> {
  head: string;
  cell(row: Row): string;
  /** Numbers stand at the right. */
  right?: boolean;
  /** Longer cells are cut. */
  max?: number;
}

/** Rows as a table in plain text, with as much room for a column as its longest cell takes. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map(({ cell, max }) => cut(cell(row), max))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => Bun.stringWidth(line[i]!))));
  return cells
    .map((line) =>
      line
        .map((cell, i) => {
          const space = " ".repeat(widths[i]! - Bun.stringWidth(cell));
          return columns[i]!.right ? space + cell : cell + space;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A share as people read it: `83%`. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${Math.round(share * 100)}%`;
}

/** A number with two decimals and a real minus sign; with `+` where it says a difference. */
export function decimal(value: number | null | undefined, signed = false): string {
  if (value === null || value === undefined) return "–";
  const digits = Math.abs(value).toFixed(2);
  const sign = value < 0 && Number(digits) !== 0 ? "−" : signed ? "+" : "";
  return sign + digits;
}

function cut(text: string, max = Number.POSITIVE_INFINITY): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > max ? `${line.slice(0, max - 1).trimEnd()}…` : line;
}
