import { afterEach, describe, expect, test } from "bun:test";
import { learnPassage } from "../../../../agent/learn/index.ts";
import { byEpoch, planReplay, takeRows } from "../../../../agent/replay/plan.ts";
import type { RehearsalRow } from "../../../../db/control.ts";
import { listProbes, supersedeProbe } from "../../../../db/probes.ts";
import { changeRetention, listDue } from "../../../../db/retention.ts";
import type { TrainingRow } from "../../../../trainer/types.ts";
import { Bench, SETTINGS } from "../learn/bench.ts";

let bench: Bench;
afterEach(() => bench.close());

async function learned(): Promise<void> {
  bench = new Bench();
  await learnPassage(bench.context(), bench.learnable("Toab").job);
  await learnPassage(bench.context(), bench.learnable("Varn").job);
}

const plan = (own: RehearsalRow[] = [], settings = SETTINGS) =>
  planReplay({ db: bench.db, trainer: bench.trainer }, { id: 99, version: 50 }, own, settings);
const textOf = ({ segments }: TrainingRow) => segments.map(({ text }) => text).join("");

describe("what an update practises", () => {
  test("begins with lines about what was wrong, then with what is longest overdue", async () => {
    await learned();
    const [first] = listProbes(bench.db, 2, "reward");
    changeRetention(bench.db, first!.id, { lastExact: false, lastLogprob: -9, due: 3 });
    expect(listDue(bench.db, 50, 10)[0]!.probe.id).toBe(first!.id);
    const { replay } = await plan();
    expect(textOf(replay[0]!.row)).toContain(first!.answer);
    expect(replay.some(({ row }) => textOf(row).includes("Toab"))).toBe(true);
  });

  test("nothing that is due later is due now", async () => {
    await learned();
    expect(listDue(bench.db, 0, 10)).toEqual([]);
  });

  test("takes at most half of an epoch's tokens, whatever is asked for", async () => {
    await learned();
    const settings = { ...SETTINGS, replayShare: 0.9 };
    const all = await plan([], settings);
    const size = (row: TrainingRow) => textOf(row).split(/\s+/).filter(Boolean).length + 2;
    for (const fresh of [10, 40, 1000]) {
      const rows = takeRows(all, fresh, settings);
      for (let epoch = 1; epoch <= settings.train.epochs; epoch++) {
        const own = rows.filter((row) => (row.epoch ?? epoch) === epoch);
        expect(own.reduce((sum, row) => sum + size(row), 0)).toBeLessThanOrEqual(fresh);
      }
    }
    expect(takeRows(all, 1000, { ...settings, replayShare: 0 })).toEqual([]);
  });

  describe("what takes turns", () => {
    const rows = [30, 20, 20, 30, 500].map((tokens, i) => {
      return { row: { segments: [{ text: `row ${i}`, loss: true }], end: true }, tokens };
    });
    const taken = (room: number, epochs: number) => {
      const all = byEpoch(rows, room, { epochs });
      return Array.from({ length: epochs }, (_, i) =>
        all.filter(({ epoch }) => epoch === i + 1).map(textOf),
      );
    };

    test("every epoch has other rows, until all that fit had their turn", () => {
      expect(taken(50, 3)).toEqual([
        ["row 0", "row 1"],
        ["row 2", "row 3"],
        ["row 0", "row 1"],
      ]);
    });

    test("one that has no room left comes first in the next epoch", () => {
      expect(taken(40, 3)).toEqual([["row 0"], ["row 1", "row 2"], ["row 3"]]);
    });

    test("where there is room for more than there is, rows come again", () => {
      expect(taken(160, 2)).toEqual([
        ["row 0", "row 1", "row 2", "row 3", "row 0", "row 1"],
        ["row 2", "row 3", "row 0", "row 1", "row 2", "row 3"],
      ]);
    });

    test("nothing, where no row fits", () => {
      expect(byEpoch(rows, 10, { epochs: 3 })).toEqual([]);
      expect(byEpoch([], 100, { epochs: 3 })).toEqual([]);
    });
  });

  test("leaves out what a later passage has superseded", async () => {
    await learned();
    const gone = listProbes(bench.db, 1);
    for (const { id } of gone) {
      supersedeProbe(bench.db, id, { passageId: 2, at: 1, answer: "other" });
    }
    const { replay } = await plan();
    const texts = replay.map(({ row }) => textOf(row)).join("\n");
    for (const { answer } of gone) expect(texts).not.toContain(answer);
    expect(texts).toContain("Varn");
  });

  test("rehearses the base's own rows, held to it, but none that asks a report question", async () => {
    await learned();
    const [report] = listProbes(bench.db, 1, "report");
    const row = { model: "m", form: "question" as const, tokens: 6, output: " Paris" };
    const own = [
      { ...row, id: 1, prompt: `Question: ${report!.question}\nAnswer:` },
      { ...row, id: 2, prompt: "Question: What is the capital of France?\nAnswer:" },
    ];
    const settings = { ...SETTINGS, rehearsal: { ...SETTINGS.rehearsal, share: 0.2, kl: 0.5 } };
    const { rehearsal } = await plan(own, settings);
    expect(rehearsal.map(({ row }) => textOf(row))).toEqual([`${own[1]!.prompt} Paris`]);
    expect(rehearsal[0]!.row.kl).toBe(0.5);
  });

  test("is the same for the same update, and differs for another", async () => {
    await learned();
    expect(await plan()).toEqual(await plan());
  });
});
