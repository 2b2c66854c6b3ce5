import { describe, expect, test } from "bun:test";
import { inflateSync } from "node:zlib";
import { MAX_SVG_SIDE, matrixPicture } from "../../../views/charts/heatmap.ts";
import { lossPicture } from "../../../views/charts/losses.ts";
import { heatPng } from "../../../views/charts/png.ts";
import { THEMES } from "../../../views/charts/theme.ts";
import type { Matrix } from "../../../views/types.ts";
import { HOSTILE } from "./samples.ts";

function matrix(side: number, label = "A town"): Matrix {
  const ids = Array.from({ length: side }, (_, i) => i);
  return {
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
    expect([...png.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
    const view = new DataView(png.buffer);
    const [width, height] = [view.getUint32(16), view.getUint32(20)];
    expect([width, height]).toEqual([1000, 1000]);
    const text = Buffer.from(png).toString("latin1");
    const at = text.indexOf("IDAT");
    const pixels = inflateSync(png.subarray(at + 4, at + 4 + view.getUint32(at - 4)));
    const pixel = (x: number, y: number) => pixels[y * (width + 1) + 1 + x];
    expect([pixel(0, 0), pixel(999, 0), pixel(0, 999), pixel(999, 999)]).toEqual([1, 0, 51, 101]);
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
