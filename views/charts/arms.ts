import { renderSvg } from "./svg.ts";
import { CHART_FONT, THEMES, type ThemeName } from "./theme.ts";

const WIDTH = 760;
const ROW = 26;
/** Above and below the rows of a panel: its name, and the axis. */
const HEAD = 34;
const FOOT = 34;
const LABELS = 230;
/** Labels are cut to what has room. */
const MAX_LABEL = 36;
const MAX_GROUP = 90;

/** An arm's share of right answers with its interval, all from 0 to 1. */
export interface ArmBar {
  /** The panel: arms that may be compared. */
  group: string;
  label: string;
  mean: number;
  low: number;
  high: number;
  /** The same in wordings that training has. */
  beside?: number;
}

/** Arms as dots with 95% intervals, a panel for each form; a hollow dot for seen wordings. */
export function armsPicture(bars: readonly ArmBar[], theme: ThemeName): string {
  const colours = THEMES[theme];
  const text = { color: colours.quiet, fontFamily: CHART_FONT, fontSize: 11 };
  const panels = [...Map.groupBy(bars, ({ group }) => group)];
  let top = 0;
  const placed = panels.map(([group, rows]) => {
    const at = top + HEAD;
    top = at + rows.length * ROW + FOOT;
    return { group: cut(group, MAX_GROUP), rows, at };
  });
  const percent = (share: number) => Math.round(share * 1000) / 10;
  return renderSvg(
    {
      textStyle: { fontFamily: CHART_FONT },
      grid: placed.map(({ rows, at }) => ({
        left: LABELS,
        right: 56,
        top: at,
        height: rows.length * ROW,
      })),
      xAxis: placed.map((_, gridIndex) => ({
        type: "value",
        gridIndex,
        min: 0,
        max: 100,
        axisLabel: { ...text, formatter: "{value}%" },
        splitLine: { lineStyle: { color: colours.line } },
      })),
      yAxis: placed.map(({ group, rows }, gridIndex) => ({
        type: "category",
        gridIndex,
        inverse: true,
        data: rows.map(({ label }, i) => `${i}\n${cut(label, MAX_LABEL)}`),
        name: group,
        nameLocation: "start",
        nameTextStyle: {
          ...text,
          color: colours.ink,
          fontWeight: 600,
          align: "left",
          padding: [0, 0, 0, 12 - LABELS],
        },
        // Two arms may be called the same: the number keeps their rows apart.
        axisLabel: {
          ...text,
          color: colours.ink,
          formatter: (label: string) => label.slice(label.indexOf("\n") + 1),
        },
        axisLine: { show: false },
        axisTick: { show: false },
      })),
      series: placed.flatMap(({ rows }, i) => {
        const axes = { type: "line", xAxisIndex: i, yAxisIndex: i, emphasis: { disabled: true } };
        return [
          ...rows.map(({ low, high }, row) => ({
            ...axes,
            data: [
              [percent(low), row],
              [percent(high), row],
            ],
            showSymbol: false,
            lineStyle: { width: 2, color: colours.others },
          })),
          {
            ...axes,
            data: rows.flatMap(({ beside }, row) =>
              beside === undefined ? [] : [[percent(beside), row]],
            ),
            symbol: "emptyCircle",
            symbolSize: 7,
            itemStyle: { color: colours.others },
            lineStyle: { width: 0 },
          },
          {
            ...axes,
            data: rows.map(({ mean }, row) => [percent(mean), row]),
            symbol: "circle",
            symbolSize: 9,
            itemStyle: { color: colours.accent },
            lineStyle: { width: 0 },
            label: {
              show: true,
              position: "top",
              distance: 2,
              formatter: ({ value }: { value: [number, number] }) => value[0].toFixed(1),
              ...text,
              color: colours.ink,
            },
          },
        ];
      }),
    },
    WIDTH,
    Math.max(top, HEAD + FOOT),
  );
}

function cut(label: string, max: number): string {
  return label.length > max ? `${label.slice(0, max - 1)}…` : label;
}
