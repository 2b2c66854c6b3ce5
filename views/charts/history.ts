import { renderSvg } from "./svg.ts";
import { CHART_FONT, THEMES, type ThemeName } from "./theme.ts";

const SIZE = { width: 720, height: 280 };

/** A measure by version, or by another count; null where it could not be told. */
export interface HistoryCurve {
  label: string;
  values: [at: number, value: number | null][];
  /** Stands out. */
  main: boolean;
}

/** Measures of the memory over the versions, or over what `axis` says, in percent. */
export function historyPicture(curves: HistoryCurve[], theme: ThemeName, axis = "version"): string {
  const colours = THEMES[theme];
  const text = { color: colours.quiet, fontFamily: CHART_FONT, fontSize: 11 };
  const dashes = ["solid", "dashed", "dotted"] as const;
  return renderSvg(
    {
      textStyle: { fontFamily: CHART_FONT },
      grid: { left: 48, right: 150, top: 16, bottom: 40 },
      xAxis: {
        type: "value",
        name: axis,
        nameLocation: "middle",
        nameGap: 26,
        nameTextStyle: text,
        minInterval: 1,
        min: "dataMin",
        max: "dataMax",
        axisLabel: text,
        axisLine: { lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { show: false },
      },
      yAxis: {
        type: "value",
        axisLabel: { ...text, formatter: "{value}%" },
        splitNumber: 4,
        splitLine: { lineStyle: { color: colours.line } },
      },
      series: curves.map((curve, i) => ({
        type: "line",
        data: curve.values.map(([version, value]) => [
          version,
          value === null ? null : Math.round(1000 * value) / 10,
        ]),
        connectNulls: true,
        showSymbol: curve.values.length < 2,
        emphasis: { disabled: true },
        lineStyle: {
          width: curve.main ? 2.5 : 1.5,
          color: curve.main ? colours.accent : colours.others,
          // Colour is never the only sign.
          type: dashes[i % dashes.length],
        },
        endLabel: {
          show: true,
          formatter: curve.label,
          ...text,
          color: curve.main ? colours.accent : colours.quiet,
        },
        labelLayout: { moveOverlap: "shiftY" },
      })),
    },
    SIZE.width,
    SIZE.height,
  );
}
