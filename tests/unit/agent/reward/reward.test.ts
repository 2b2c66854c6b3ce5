import { describe, expect, test } from "bun:test";
import { chooseDistractors } from "../../../../agent/reward/distractors.ts";
import { probeGain, rewardOf, type Standing, standings } from "../../../../agent/reward/reward.ts";
import { answerType } from "../../../../agent/reward/shape.ts";
import { FakeTrainer } from "../fakes/trainer.ts";

describe("answerType", () => {
  test.each([
    ["1832", "year"],
    ["in 1066", "year"],
    ["12", "number"],
    ["1,204", "number"],
    ["$40", "number"],
    ["seven", "number"],
    ["the third of May, 1808", "date"],
    ["12 March 1344", "date"],
    ["April", "date"],
    ["40 tons", "measure"],
    ["7 km", "measure"],
    ["Ilsa Torvane", "name"],
    ["the Toab", "name"],
    ["Kolm", "name"],
    ["salt", "words"],
    ["a whistle", "words"],
    ["", "words"],
  ])("%s is a %s", (answer, type) => expect(answerType(answer)).toBe(type as never));
});

describe("chooseDistractors", () => {
  const ask = (...answers: string[]) => ({ answers });

  test("are of the answer's type, from the passage and from elsewhere, at most four", () => {
    const questions = [
      ask("Ilsa Torvane"),
      ask("Port Varnel"),
      ask("Kolm"),
      ask("1312"),
      ask("salt"),
    ];
    const elsewhere = ["Oda Brekk", "1580", "wool", "Hask", "Ona Lim", "1499"];
    const all = chooseDistractors(questions, elsewhere, { seed: 1 });
    expect(all.map((list) => list.length)).toEqual([4, 4, 4, 4, 1]);
    all.forEach((list, i) => {
      for (const wrong of list)
        expect(answerType(wrong)).toBe(answerType(questions[i]!.answers[0]!));
    });
    expect(all[0]!.filter((it) => ["Kolm", "Port Varnel"].includes(it)).length).toBe(2);
    expect(all[3]).toEqual(expect.arrayContaining(["1580", "1499"]));
    expect(all[4]).toEqual(["wool"]);
  });

  test("are never right, by no alias, whatever the spelling, nor a part of it", () => {
    const question = ask("Varnel", "Port Varnel", "the Old Harbour");
    const elsewhere = [
      "varnel",
      "PORT VARNEL",
      "Old Harbour",
      "Port",
      "New Varnel",
      "Kolm",
      "kolm",
      "Hask",
    ];
    const [wrong] = chooseDistractors([question], elsewhere, { seed: 3 });
    expect(wrong!.toSorted()).toEqual(["Hask", wrong!.find((it) => /kolm/i.test(it))!].toSorted());
  });

  test("numbers have others near them; where there is nothing of the type, there is none", () => {
    const [years, tons, words] = chooseDistractors([ask("1312"), ask("40 tons"), ask("salt")], [], {
      seed: 1,
    });
    expect(years).toHaveLength(4);
    for (const year of years!) {
      expect(year).toMatch(/^1[23]\d\d$/);
      expect(year).not.toBe("1312");
    }
    for (const weight of tons!) expect(weight).toMatch(/^\d\d tons$/);
    expect(words).toEqual([]);
  });

  test("are the same for the same seed", () => {
    const elsewhere = Array.from(
      { length: 40 },
      (_, i) => `Oda ${String.fromCharCode(65 + i)}rekk`,
    );
    const choose = (seed: number) => chooseDistractors([ask("Ilsa Torvane")], elsewhere, { seed });
    expect(choose(1)).toEqual(choose(1));
    expect(choose(1)).not.toEqual(choose(2));
  });
});

describe("the reward", () => {
  const standing = (logprob: number, distractors?: number, exact = false): Standing => ({
    logprob,
    distractors,
    rank: 0,
    exact,
  });

  test("is what the answer gained and wrong ones did not", () => {
    const before = standing(-3, -4);
    expect(probeGain(before, standing(-1, -4))).toBeCloseTo(2, 9);
    // All names became likelier: that is form.
    expect(probeGain(before, standing(-1, -2))).toBeCloseTo(0, 9);
    // Wrong ones became less likely: that earns nothing by itself.
    expect(probeGain(before, standing(-3, -9))).toBeCloseTo(0, 9);
    expect(probeGain(before, standing(-1, -9))).toBeCloseTo(2, 9);
    expect(probeGain(before, standing(-5, -4))).toBeCloseTo(-2, 9);
  });

  test("without distractors it is the answer's own gain", () => {
    expect(probeGain(standing(-3), standing(-1))).toBe(2);
  });

  test("is the mean over the probes, which must be the same", () => {
    const before = [standing(-3, -3), standing(-2, -3)];
    const after = [standing(-1, -3, true), standing(-2, -3)];
    expect(rewardOf(before, after)).toEqual({
      reward: 1,
      gains: [2, 0],
      exactBefore: 0,
      exactAfter: 0.5,
    });
    expect(rewardOf([], [])).toMatchObject({ reward: 0, gains: [] });
    expect(() => rewardOf(before, [])).toThrow("not the same");
  });

  test("a probe stands as its likeliest right answer, per token, among its distractors", async () => {
    const logprobs: Record<string, [number, number]> = {
      " Varnel": [-6, 2],
      " Port Varnel": [-6, 3],
      " Kolm": [-2, 2],
      " Hask": [-10, 2],
    };
    const trainer = new FakeTrainer(({ answer }) => {
      const [logprob, tokens] = logprobs[answer]!;
      return { logprob, tokens, exact: answer === " Varnel" };
    });
    const probe = {
      context: "Question: Where?\nAnswer:",
      answers: [" Varnel", " Port Varnel"],
      distractors: [" Kolm", " Hask"],
      end: false,
    };
    const [one, other] = await standings(trainer, [probe, { ...probe, distractors: [] }], {
      adapter: "/a.gguf",
    });
    expect(one).toEqual({ logprob: -2, distractors: -3, rank: 1, exact: true });
    expect(other).toEqual({ logprob: -2, rank: 0, exact: true });
    expect(
      trainer.scored.every(({ adapter, pair }) => adapter === "/a.gguf" && pair.end === false),
    ).toBe(true);
    expect(await standings(trainer, [])).toEqual([]);
  });
});
