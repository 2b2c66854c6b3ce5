import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Trainer } from "../../../trainer/index.ts";
import { writeRandomAdapter } from "../../support/random-adapter.ts";
import { SMALL, writeRandomModel } from "../../support/random-model.ts";
import { failure, scratch } from "./fixture.ts";

setDefaultTimeout(120_000);

const { file, remove } = scratch("score-child");
const adapter = file("adapter.gguf");
let trainer: Trainer;

beforeAll(async () => {
  writeRandomModel(file("base.gguf"));
  await writeRandomAdapter(adapter, SMALL);
  trainer = await Trainer.start({ model: file("base.gguf"), backend: "cpu", threads: 1 });
});
afterAll(async () => {
  await trainer.close();
  remove();
});

const pairs = [
  { context: "The ferry is named", answer: " Halcyon", distractors: [" Osprey", " Tern"] },
  { context: "The ferry left", answer: " at noon", end: false },
];

test("several adapters in one call give what each gives alone", async () => {
  const [base, adapted, again] = await trainer.scoreUnder([null, adapter, null], pairs);
  expect(base).toEqual(await trainer.score(pairs));
  expect(adapted).toEqual(await trainer.score(pairs, { adapter }));
  expect(again).toEqual(base!);
  expect(adapted).not.toEqual(base!);
  expect(base![0]).toMatchObject({ tokens: 9, rank: expect.any(Number) });
  expect(base![0]!.distractors!.map(({ tokens }) => tokens)).toEqual([8, 6]);
  expect(await trainer.scoreUnder([null, adapter], [])).toEqual([[], []]);
  expect(await trainer.scoreUnder([], pairs)).toEqual([]);
});

test("context and answer are tokenized apart", async () => {
  // The vocabulary has one merge, "a b", which the border keeps from happening.
  const [apart] = await trainer.score([{ context: "xa", answer: "by", end: false }]);
  expect(apart!.tokens).toBe(2);
});

test("an adapter that cannot be read fails the call, and the next is served", async () => {
  const error = await failure(() => trainer.scoreUnder([null, file("none.gguf")], pairs));
  expect(error.code).toBe("adapter-unreadable");
  expect(await trainer.scoreUnder([null], pairs)).toEqual([await trainer.score(pairs)]);
});
