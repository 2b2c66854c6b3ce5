import { describe, expect, test } from "bun:test";
import {
  backwardTransfer,
  continualMetrics,
  finalMean,
  forgetting,
  forwardTransfer,
  netGain,
} from "../../../../agent/measure/metrics.ts";

/** Three updates: passage 1 rises and then falls, passage 2 falls at once. */
const R = [[0.5], [0.75, 1.0], [0.25, 0.5, 0.75]];
const b = [0.25, 0, 0.5];

describe("continual-learning metrics, by hand", () => {
  test("ACC is the mean of the last row: (0.25 + 0.5 + 0.75) / 3", () => {
    expect(finalMean(R)).toBeCloseTo(0.5, 12);
  });

  test("BWT is last minus own: ((0.25 − 0.5) + (0.5 − 1)) / 2", () => {
    expect(backwardTransfer(R)).toBeCloseTo(-0.375, 12);
  });

  test("forgetting is best before minus last: ((0.75 − 0.25) + (1 − 0.5)) / 2", () => {
    expect(forgetting(R)).toBeCloseTo(0.5, 12);
  });

  test("net gain is last minus base: (0 + 0.5 + 0.25) / 3", () => {
    expect(netGain(R, b)).toBeCloseTo(0.25, 12);
  });

  test("FWT is what the row before had, minus base: ((0.5 − 0) + (0.25 − 0.5)) / 2", () => {
    const whole = [
      [0.5, 0.5, 0],
      [0.75, 1, 0.25],
      [0.25, 0.5, 0.75],
    ];
    expect(forwardTransfer(whole, b)).toBeCloseTo(0.125, 12);
    expect(continualMetrics(whole, b).fwt).toBeCloseTo(0.125, 12);
    // Below the diagonal, what was not measured is left out of the best.
    expect(forgetting([[0.5], [null, 1], [0.75, null, 0.5], [0.25, 0.5, 0.75, 1]])).toBeCloseTo(
      (0.5 + 0.5 - 0.25) / 3,
      12,
    );
  });

  test("forgetting is negative where later updates help", () => {
    expect(forgetting([[0.2], [0.6, 0.4]])).toBeCloseTo(-0.4, 12);
    expect(backwardTransfer([[0.2], [0.6, 0.4]])).toBeCloseTo(0.4, 12);
  });

  test("SEAL's sequence: falling below the base is a negative net gain", () => {
    expect(netGain([[-2], [-4, -2]], [-3, -2.5])).toBeCloseTo(-0.25, 12);
  });

  test("one update has nothing to forget, and none has nothing at all", () => {
    expect(continualMetrics([[0.5]], [0.25])).toEqual({
      acc: 0.5,
      bwt: null,
      fwt: null,
      forgetting: null,
      netGain: 0.25,
    });
    expect(continualMetrics([], [])).toEqual({
      acc: null,
      bwt: null,
      fwt: null,
      forgetting: null,
      netGain: null,
    });
  });

  test("a matrix with a hole is refused", () => {
    expect(() => backwardTransfer([[], [0.5, 0.5]])).toThrow(RangeError);
  });
});
