import { renderSvg } from "./svg.ts";
import { CHART_FONT, THEMES, type ThemeName } from "./theme.ts";

const SIZE = { width: 720, height: 250 };
/** More points than this say no more on a picture of that width. */
const MAX_POINTS = 400;

/** Training loss by step. */
export interface LossCurve {
  label: string;
  losses: number[];
  winner: boolean;
}

/** The training losses of an update's candidates, the winner in front. */
export function lossPicture(curves: LossCurve[], theme: ThemeName): string {
  const colours = THEMES[theme];
  const text = { color: colours.quiet, fontFamily: CHART_FONT, fontSize: 11 };
  const inFront = [...curves].sort((a, b) => Number(a.winner) - Number(b.winner));
  return renderSvg(
    {
      textStyle: { fontFamily: CHART_FONT },
      grid: { left: 44, right: 108, top: 16, bottom: 40 },
      xAxis: {
        type: "value",
        name: "step",
        nameLocation: "middle",
        nameGap: 26,
        nameTextStyle: text,
        minInterval: 1,
        min: 1,
        max: Math.max(2, ...curves.map((curve) => curve.losses.length)),
        axisLabel: text,
        axisLine: { lineStyle: { color: colours.line } },
        axisTick: { show: false },
        splitLine: { show: false },
      },
      yAxis: {
        type: "value",
        axisLabel: text,
        splitNumber: 4,
        splitLine: { lineStyle: { color: colours.line } },
      },
      series: inFront.map((curve) => ({
        type: "line",
        data: thin(curve.losses),
        showSymbol: false,
        emphasis: { disabled: true },
        lineStyle: {
          width: curve.winner ? 2.5 : 1.5,
          color: curve.winner ? colours.accent : colours.others,
        },
        endLabel: {
          show: true,
          formatter: curve.label,
          ...text,
          color: curve.winner ? colours.accent : colours.quiet,
          fontWeight: curve.winner ? 600 : 400,
        },
        labelLayout: { moveOverlap: "shiftY" },
      })),
    },
    SIZE.width,
    SIZE.height,
  );
}

/** Points of a curve, each the mean of a few steps where there are many. */
function thin(losses: number[]): [number, number][] {
  const size = Math.ceil(losses.length / MAX_POINTS);
  const points: [number, number][] = [];
  for (let i = 0; i < losses.length; i += size) {
    const part = losses.slice(i, i + size);
    points.push([i + part.length, part.reduce((sum, loss) => sum + loss, 0) / part.length]);
  }
  return points;
}
