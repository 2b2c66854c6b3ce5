import { describe, expect, test } from "bun:test";
import { StopFilter } from "../../../../agent/generator/stop.ts";

function run(stops: string[], pieces: string[]) {
  const filter = new StopFilter(stops);
  const shown = pieces.map((piece) => filter.push(piece));
  return { shown: [...shown, filter.end()], stopped: filter.stopped };
}

describe("StopFilter", () => {
  test("passes everything on when there is nothing to stop at", () => {
    expect(run([], ["a", "b"]).shown).toEqual(["a", "b", ""]);
  });

  test("cuts at a stop string inside one piece", () => {
    expect(run(["\n"], ["Paris\nQuestion"])).toEqual({ shown: ["Paris", ""], stopped: true });
  });

  test("holds back what may begin a stop string, and lets it go when it does not", () => {
    expect(run(["\n\n"], ["a\n", "b\n"]).shown).toEqual(["a", "\nb", "\n"]);
  });

  test("finds a stop string spread over pieces", () => {
    expect(run(["\nQuestion:"], ["x\nQue", "stion", ": y", "z"])).toEqual({
      shown: ["x", "", "", "", ""],
      stopped: true,
    });
  });

  test("the earliest of several stop strings wins", () => {
    expect(run(["b", "ab"], ["xab"]).shown).toEqual(["x", ""]);
  });
});
