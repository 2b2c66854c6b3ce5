import { describe, expect, test } from "bun:test";
import { foreignNames, vocabularyOf } from "../../../../agent/probe/names.ts";

const vocabulary = vocabularyOf(
  "The Toab",
  "The ship Toab was built in Port Varnel by Ilsa Torvane in 1312, for 1,500 crowns. Ilsa's crew sang.",
);

describe("foreignNames", () => {
  test.each([
    "Who built the Toab?",
    "In what year was the Toab built?",
    "Toab was built in 1312.",
    "Ilsa Torvane's ship cost 1500 crowns.",
    "Ships of Port Varnel are old. They sail.",
    "Consequently, the crew sang.",
    "Building the Toab took time.",
    "I think the Toab is a ship.",
  ])("accepts %p", (line) => {
    expect(foreignNames(line, vocabulary)).toEqual([]);
  });

  test.each([
    ["Who built the Toja?", ["Toja"]],
    ["Toja was built in 1312.", ["Toja"]],
    ["The Toab was built in 1321.", ["1321"]],
    ["The Toab was built by Elsa Torvane.", ["Elsa"]],
    ["It is old. Tovarn built it.", ["Tovarn"]],
    ["The Toab cost 15,000 crowns.", ["15,000"]],
  ])("finds what was miscopied in %p", (line, foreign) => {
    expect(foreignNames(line, vocabulary)).toEqual(foreign);
  });
});
