import { describe, expect, test } from "bun:test";
import { decode } from "fast-png";
import { MAX_SVG_SIDE, matrixPicture } from "../../../views/charts/heatmap.ts";
import { lossPicture } from "../../../views/charts/losses.ts";
import { heatPng } from "../../../views/charts/png.ts";
import { THEMES } from "../../../views/charts/theme.ts";
import type { Matrix } from "../../../views/types.ts";
import { HOSTILE } from "./samples.ts";

function matrix(side: number, label = "A town"): Matrix {
  const ids = Array.from({ length: side }, (_, i) => i);
  return {
    size: { rows: side, columns: side },
    window: { rows: [0, side], columns: [0, side] },
    rows: ids.map((id) => ({ updateId: id, label: `v${id}` })),
    columns: ids.map((id) => ({ passageId: id, label })),
    values: ids.map((t) => ids.map((i) => (i > t ? null : 1 - (t - i) / side))),
  };
}

/** Parsed as strictly as a browser does with a picture: one wrong character, and it shows nothing. */
function parsed(svg: string | Uint8Array): object {
  return Bun.XML.parse(String(svg)) as object;
}

describe("the matrix", () => {
  test("is an SVG with a cell for each measured value", () => {
    const { type, body } = matrixPicture(matrix(4), "light");
    expect(type).toBe("image/svg+xml");
    expect(parsed(body)).toHaveProperty("svg");
    // A path for each of 10 cells, and the figure on it.
    expect(String(body).match(/<text[^>]*>100<\/text>/g)).toHaveLength(4);
  });

  test("survives labels that are hostile, empty, long or no text at all", () => {
    for (const label of [
      HOSTILE,
      "",
      "\u0001\u0000\ufffe\ud800",
      "x".repeat(500),
      "🚢".repeat(300),
    ]) {
      expect(parsed(matrixPicture(matrix(3, label), "dark").body)).toHaveProperty("svg");
    }
  });

  test("becomes a PNG where an SVG would be too heavy", () => {
    expect(matrixPicture(matrix(MAX_SVG_SIDE), "light").type).toBe("image/svg+xml");
    expect(matrixPicture(matrix(MAX_SVG_SIDE + 1), "light").type).toBe("image/png");
  });

  test("of a thousand passages is small and quick", () => {
    const big = matrix(1000);
    const start = performance.now();
    const { body } = matrixPicture(big, "light");
    expect(performance.now() - start).toBeLessThan(2000);
    expect(body.length).toBeLessThan(1_000_000);
  });
});

describe("PNG", () => {
  test("has the pixels of its cells", () => {
    const png = heatPng(
      [
        [0, null],
        [0.5, 1],
      ],
      THEMES.light,
    );
    const { width, height, data, channels } = decode(png);
    expect([width, height, channels]).toEqual([2, 2, 3]);
    const pixel = (i: number) =>
      `#${[...data.slice(i * 3, i * 3 + 3)].map((it) => it.toString(16).padStart(2, "0")).join("")}`;
    const { scale, blank } = THEMES.light;
    expect([0, 1, 2, 3].map(pixel)).toEqual([scale[0]!, blank, scale[2]!, scale[4]!]);
  });
});

describe("training curves", () => {
  test("have one line each, however long", () => {
    const curves = [400, 1, 100_000].map((length, n) => ({
      label: `candidate ${n + 1}`,
      losses: Array.from({ length }, (_, i) => 3 / (1 + i)),
      winner: n === 1,
    }));
    const svg = lossPicture(curves, "light");
    expect(parsed(svg)).toHaveProperty("svg");
    expect(svg.length).toBeLessThan(60_000);
    for (const { label } of curves) expect(svg).toContain(label);
  });
});
