import { expect, test } from "bun:test";
import fc from "fast-check";
import { gridText, parseGrid } from "../../../../agent/skills/prompts.ts";
import {
  BASIC,
  CHAIN,
  COLOURS,
  chained,
  IDENTITY,
  REPEAT,
  recoloured,
  SIZE,
  sameGrid,
} from "../../../../agent/skills/transforms.ts";

const colour = fc.integer({ min: 0, max: COLOURS - 1 });
const grid = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }))
  .chain(([height, width]) =>
    fc.array(fc.array(colour, { minLength: width, maxLength: width }), {
      minLength: height,
      maxLength: height,
    }),
  );
const permutation = fc.shuffledSubarray([...Array(COLOURS).keys()], { minLength: COLOURS });
const every = [IDENTITY, ...BASIC, ...SIZE, ...CHAIN, ...REPEAT];

test.each(every)("$name has an exact way back", ({ apply, invert }) => {
  fc.assert(
    fc.property(grid, (it) => {
      expect(invert(apply(it))).toEqual(it);
    }),
  );
});

test.each(every)("what $name cannot have made has no way back", ({ apply, invert }) => {
  fc.assert(
    fc.property(grid, (it) => {
      const back = invert(it);
      expect(back === undefined || sameGrid(apply(back), it)).toBeTrue();
    }),
  );
});

test("other colours, and changes one after the other, have exact ways back", () => {
  fc.assert(
    fc.property(
      grid,
      permutation,
      fc.constantFrom(...every),
      fc.constantFrom(...every),
      (it, to, a, b) => {
        const change = chained(chained(a, b), recoloured(to));
        expect(change.invert(change.apply(it))).toEqual(it);
      },
    ),
  );
});

test("a grid is read from its own text, and other texts are none", () => {
  fc.assert(fc.property(grid, (it) => expect(parseGrid(gridText(it))).toEqual(it)));
  for (const text of ["", "12\n3", "1a", "12\n\n34", "1 2"]) {
    expect(parseGrid(text)).toBeUndefined();
  }
});

test("the symmetries are the seven others of a square", () => {
  const corners = [
    [1, 2],
    [3, 4],
  ];
  const seen = new Set([IDENTITY, ...BASIC].map(({ apply }) => gridText(apply(corners))));
  expect(seen.size).toBe(8);
  const [quarter] = BASIC;
  expect(
    quarter!.apply([
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ).toEqual([
    [4, 1],
    [5, 2],
    [6, 3],
  ]);
});

test("sizes and repetitions double what they say", () => {
  const row = [[1, 2]];
  expect(SIZE.map(({ apply }) => gridText(apply(row)))).toEqual(["1122\n1122", "12\n12", "1122"]);
  expect(REPEAT.map(({ apply }) => gridText(apply(row)))).toEqual(["12\n12", "1212", "1212\n1212"]);
});
