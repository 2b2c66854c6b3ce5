import { crc32, deflateSync } from "node:zlib";
import type { ChartTheme } from "./theme.ts";

/** Steps of the colour scale; index 0 is for what was not measured. */
const LEVELS = 101;
/** A picture is enlarged by whole steps until its longer side has about this many pixels. */
const TARGET_SIDE = 1000;
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** A heat map as an indexed PNG: one byte a pixel, so that thousands of cells a side stay small. */
export function heatPng(
  values: (number | null)[][],
  theme: Pick<ChartTheme, "scale" | "blank">,
): Uint8Array<ArrayBuffer> {
  const rows = values.length;
  const columns = values[0]?.length ?? 0;
  const zoom = Math.max(1, Math.floor(TARGET_SIDE / Math.max(rows, columns, 1)));
  const width = Math.max(1, columns * zoom);
  const height = Math.max(1, rows * zoom);
  const pixels = new Uint8Array((width + 1) * height);
  values.forEach((row, t) => {
    const start = t * zoom * (width + 1);
    const line = pixels.subarray(start, start + width + 1);
    row.forEach((value, i) => {
      line.fill(level(value), 1 + i * zoom, 1 + (i + 1) * zoom);
    });
    for (let k = 1; k < zoom; k++) pixels.set(line, start + k * (width + 1));
  });
  return concat([
    SIGNATURE,
    chunk("IHDR", header(width, height)),
    chunk("PLTE", palette(theme)),
    chunk("IDAT", deflateSync(pixels, { level: 6 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function level(value: number | null): number {
  if (value === null) return 0;
  return 1 + Math.round(Math.min(1, Math.max(0, value)) * (LEVELS - 1));
}

function header(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  bytes[8] = 8; // bits a pixel
  bytes[9] = 3; // indexed
  return bytes;
}

function palette(theme: Pick<ChartTheme, "scale" | "blank">): Uint8Array {
  const stops = theme.scale.map(rgb);
  const bytes = [...rgb(theme.blank)];
  for (let i = 0; i < LEVELS; i++) {
    const at = (i / (LEVELS - 1)) * (stops.length - 1);
    const low = stops[Math.floor(at)]!;
    const high = stops[Math.ceil(at)]!;
    for (let c = 0; c < 3; c++) bytes.push(Math.round(low[c]! + (high[c]! - low[c]!) * (at % 1)));
  }
  return Uint8Array.from(bytes);
}

function rgb(hex: string): number[] {
  return [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
