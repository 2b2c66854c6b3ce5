import { clip } from "../format.ts";
import type { Matrix } from "../types.ts";
import { heatPng } from "./png.ts";
import { renderSvg } from "./svg.ts";
import { CHART_FONT, THEMES, type ThemeName } from "./theme.ts";

/** More cells than this a side make an SVG too heavy: a PNG is drawn instead. */
export const MAX_SVG_SIDE = 40;
const WIDTH = 760;
const MARGIN = { left: 76, right: 12, top: 12, bottom: 76 };
const MAX_CELL = 44;
const LABEL_LENGTH = 18;

/** A picture with its media type. */
export interface Picture {
  type: "image/svg+xml" | "image/png";
  body: string | Uint8Array<ArrayBuffer>;
}

/** The accuracy matrix R[t, i]: rows are updates, columns passages. */
export function matrixPicture(matrix: Matrix, theme: ThemeName): Picture {
  return isLarge(matrix.rows.length, matrix.columns.length)
    ? { type: "image/png", body: heatPng(matrix.values, THEMES[theme]) }
    : { type: "image/svg+xml", body: matrixSvg(matrix, theme) };
}

/** Whether a matrix of this size is a PNG. */
export function isLarge(rows: number, columns: number): boolean {
  return Math.max(rows, columns) > MAX_SVG_SIDE;
}

function matrixSvg(matrix: Matrix, theme: ThemeName): string {
  const { rows, columns, values } = matrix;
  const colours = THEMES[theme];
  const cell = Math.min(
    MAX_CELL,
    (WIDTH - MARGIN.left - MARGIN.right) / Math.max(1, columns.length),
  );
  const plotWidth = cell * columns.length;
  const plotHeight = Math.max(18, Math.min(cell, 32)) * rows.length;
  const text = { color: colours.quiet, fontFamily: CHART_FONT, fontSize: 11 };
  const axis = {
    type: "category",
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: false },
  };
  const cells = values.flatMap((row, t) =>
    row.flatMap((value, i) => (value === null ? [] : [[i, t, value]])),
  );
  return renderSvg(
    {
      textStyle: { fontFamily: CHART_FONT },
      grid: { left: MARGIN.left, top: MARGIN.top, width: plotWidth, height: plotHeight },
      xAxis: {
        ...axis,
        data: columns.map((column) => clip(column.label, LABEL_LENGTH)),
        axisLabel: { ...text, rotate: 40, interval: step(columns.length, plotWidth, 16) },
      },
      yAxis: {
        ...axis,
        inverse: true,
        data: rows.map((row) => row.label),
        axisLabel: { ...text, interval: step(rows.length, plotHeight, 14) },
      },
      visualMap: {
        type: "continuous",
        min: 0,
        max: 1,
        show: false,
        inRange: { color: colours.scale },
      },
      series: {
        type: "heatmap",
        data: cells,
        emphasis: { disabled: true },
        itemStyle: { borderColor: colours.blank, borderWidth: cell > 8 ? 1.5 : 0, borderRadius: 3 },
        label: {
          show: cell >= 34,
          fontSize: 11,
          fontFamily: CHART_FONT,
          formatter: (cell: { value: number[] }) => String(Math.round(cell.value[2]! * 100)),
        },
      },
    },
    MARGIN.left + plotWidth + MARGIN.right,
    MARGIN.top + plotHeight + MARGIN.bottom,
  );
}

/** How many labels to skip so that each has `room` pixels. */
function step(count: number, length: number, room: number): number {
  return Math.max(0, Math.ceil((count * room) / Math.max(1, length)) - 1);
}
