import type { Figure } from "../../agent/experiment/figures.ts";
import { type Column, decimal } from "../table.ts";

/** A share with its interval. */
export function shares<Row>(head: string, of: (row: Row) => Figure | null): Column<Row>[] {
  return columns(head, of, share);
}

/** A figure with its interval. */
export function figures<Row>(
  head: string,
  of: (row: Row) => Figure | null,
  signed = false,
): Column<Row>[] {
  return columns(head, of, (value) => decimal(value, signed));
}

function columns<Row>(
  head: string,
  of: (row: Row) => Figure | null,
  words: (value: number) => string,
): Column<Row>[] {
  return [
    {
      head,
      cell: (row) => {
        const it = of(row);
        return it ? words(it.mean) : "–";
      },
      right: true,
    },
    {
      head: "95%",
      cell: (row) => {
        const it = of(row);
        return it ? `${words(it.low)} to ${words(it.high)}` : "";
      },
    },
  ];
}

/** `43.1%` */
export function share(value: number | null): string {
  return value === null ? "–" : `${(value * 100).toFixed(1)}%`;
}

/** A difference of shares in percentage points. */
export function points(value: number): string {
  const digits = Math.abs(value * 100).toFixed(1);
  return `${value < 0 && Number(digits) !== 0 ? "−" : "+"}${digits}`;
}

/** A p-value. */
export function chance(p: number): string {
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}
