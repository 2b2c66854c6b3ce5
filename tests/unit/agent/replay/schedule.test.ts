import { describe, expect, test } from "bun:test";
import { Rating } from "ts-fsrs";
import { afterLook, gradeOf, UNSEEN } from "../../../../agent/replay/schedule.ts";

const sure = -0.01;
const right = (version: number) => ({ version, exact: true, logprob: sure });
const wrong = (version: number) => ({ version, exact: false, logprob: -3 });

describe("reviews", () => {
  test("what stays right is due ever later", () => {
    let state = afterLook(UNSEEN, right(1));
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      waits.push(state.due! - state.reviewedVersion!);
      state = afterLook(state, right(state.due!));
    }
    expect(waits[0]).toBeGreaterThanOrEqual(1);
    for (let i = 1; i < waits.length; i++) expect(waits[i]).toBeGreaterThan(waits[i - 1]!);
    expect(state).toMatchObject({ reps: 5, lapses: 0 });
  });

  test("what is wrong is due at once, and sooner again after that", () => {
    let state = afterLook(UNSEEN, right(1));
    for (let i = 0; i < 3; i++) state = afterLook(state, right(state.due!));
    const lapsed = afterLook(state, wrong(state.due!));
    expect(lapsed.due).toBe(state.due);
    expect(lapsed.lapses).toBe(1);
    expect(lapsed.stability).toBeLessThan(state.stability!);
    const back = afterLook(lapsed, right(lapsed.due! + 1));
    expect(back.due! - back.reviewedVersion!).toBeLessThan(state.due! - state.reviewedVersion!);
  });

  test("how sure an answer was decides how long it waits", () => {
    const wait = (logprob: number) => afterLook(UNSEEN, { version: 1, exact: true, logprob }).due!;
    expect(wait(-0.001)).toBeGreaterThan(wait(-0.2));
    expect(wait(-0.2)).toBeGreaterThanOrEqual(wait(-1));
    expect(gradeOf({ exact: false, logprob: 0 })).toBe(Rating.Again);
  });

  test("looked at again under the same version, or after a roll-back, it keeps its state", () => {
    const state = afterLook(UNSEEN, right(10));
    expect(afterLook(state, right(10))).toEqual(state);
    expect(afterLook(state, right(4))).toEqual(state);
    expect(afterLook(state, wrong(4))).toEqual({ ...state, due: 4 });
  });
});
