import { encode } from "fast-png";
import type { ChartTheme } from "./theme.ts";

/** Steps of the colour scale. */
const LEVELS = 100;

/** A heat map as a PNG with one pixel for each cell: whoever shows it enlarges it without smoothing. */
export function heatPng(
  values: (number | null)[][],
  theme: Pick<ChartTheme, "scale" | "blank">,
): Uint8Array<ArrayBuffer> {
  const height = Math.max(1, values.length);
  const width = Math.max(1, values[0]?.length ?? 0);
  const colours = ramp(theme.scale);
  const blank = rgb(theme.blank);
  const data = new Uint8Array(width * height * 3);
  values.forEach((row, t) => {
    row.forEach((value, i) => {
      const level =
        value === null ? undefined : Math.round(Math.min(1, Math.max(0, value)) * LEVELS);
      data.set(level === undefined ? blank : colours[level]!, (t * width + i) * 3);
    });
  });
  return new Uint8Array(encode({ width, height, data, channels: 3, depth: 8 }));
}

/** The colours from nothing right to everything right. */
function ramp(scale: string[]): number[][] {
  const stops = scale.map(rgb);
  return Array.from({ length: LEVELS + 1 }, (_, i) => {
    const at = (i / LEVELS) * (stops.length - 1);
    const low = stops[Math.floor(at)]!;
    const high = stops[Math.ceil(at)]!;
    return low.map((from, c) => Math.round(from + (high[c]! - from) * (at % 1)));
  });
}

function rgb(hex: string): number[] {
  return [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
}
