import { describe, expect, test } from "bun:test";
import { judge } from "../../../../agent/gate/judge.ts";
import type { GateFigures } from "../../../../db/gates.ts";

const budgets = { loss: 0.05, control: 0.05, perplexity: 1.05 };
const old = { population: 400, draws: 256, asked: 200, loss: 0, sinceParent: 0, harm: 1, safe: 1 };
const control = {
  perplexity: 1,
  parentPerplexity: 1,
  kl: 0,
  fact: null,
  reading: null,
  writing: null,
  loss: 0,
  parentLoss: 0,
  harm: 1,
};

function figures(change: Partial<GateFigures>): GateFigures {
  return { gain: 1, exactGain: 1, old, control, budgets, ...change };
}

const verdict = (change: Partial<GateFigures>, passages = 100) =>
  judge(figures(change), 1, passages).verdict;

describe("the gate's verdict", () => {
  test("what teaches and costs nothing passes; scaled down it says so", () => {
    expect(judge(figures({}), 1, 100).verdict).toBe("commit");
    expect(judge(figures({}), 0.5, 100)).toMatchObject({
      verdict: "rescale",
      reason: expect.stringContaining("Scaled to 0.5"),
    });
    expect(verdict({ old: null, control: null })).toBe("commit");
  });

  test("what teaches nothing is refused", () => {
    expect(verdict({ gain: 0 })).toBe("reject");
  });

  test("evidence for a loss above the budget refuses, whatever it teaches", () => {
    const lost = { ...old, loss: 0.2, sinceParent: 0.1, harm: 50 };
    expect(verdict({ old: lost, exactGain: 1 }, 2)).toBe("reject");
    expect(judge(figures({ old: lost }), 1, 2).reason).toContain("20.0%");
  });

  test("small losses add up: the same small step is refused once the budget is used up", () => {
    const step = { ...old, sinceParent: 0.02 };
    expect(verdict({ old: { ...step, loss: 0.04 } })).toBe("commit");
    expect(verdict({ old: { ...step, loss: 0.06, harm: 25 } })).toBe("reject");
  });

  test("left open, it weighs what is lost everywhere against what is gained here", () => {
    const open = { ...old, loss: 0.08, sinceParent: 0.02, harm: 3 };
    expect(verdict({ old: open, exactGain: 1 }, 10)).toBe("commit");
    expect(verdict({ old: open, exactGain: 1 }, 100)).toBe("reject");
  });

  test("what was lost before is not this update's fault: one that makes it no worse passes", () => {
    expect(verdict({ old: { ...old, loss: 0.3, sinceParent: -0.01, harm: 999 } })).toBe("commit");
    expect(verdict({ control: { ...control, loss: 0.3, parentLoss: 0.3, harm: 999 } })).toBe(
      "commit",
    );
    expect(verdict({ control: { ...control, perplexity: 2, parentPerplexity: 2.1 } })).toBe(
      "commit",
    );
  });

  test("the base's knowledge and language have budgets of their own", () => {
    const lost = { ...control, loss: 0.2, parentLoss: 0.04 };
    expect(verdict({ control: { ...lost, harm: 25 } })).toBe("reject");
    expect(verdict({ control: { ...lost, harm: 5 } })).toBe("commit");
    expect(verdict({ control: { ...control, perplexity: 1.2 } })).toBe("reject");
    expect(verdict({ control: { ...control, loss: 0.05, perplexity: 1.05 } })).toBe("commit");
  });
});
