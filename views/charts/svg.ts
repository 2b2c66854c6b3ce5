import { HeatmapChart, LineChart } from "echarts/charts";
import { GridComponent, VisualMapComponent } from "echarts/components";
import type { EChartsCoreOption } from "echarts/core";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([HeatmapChart, LineChart, GridComponent, VisualMapComponent, SVGRenderer]);

/** What XML cannot hold, escaped or not: a picture with one of these in a label shows nothing. */
const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** Draws a chart as a stand-alone SVG document. */
export function renderSvg(option: EChartsCoreOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, ...option });
    return chart.renderToSVGString().replace(NOT_XML, "");
  } finally {
    // An undisposed chart keeps the process alive.
    chart.dispose();
  }
}
