import type { PromptKind } from "../../db/candidates.ts";
import { bestOf } from "../writer/best.ts";
import { MIN_TRAIN } from "../writer/settings.ts";
import { earnRewards } from "./arms.ts";
import type { Setting } from "./config.ts";
import { type Lab, passagesFor } from "./lab.ts";
import { isTrained, trainPolicy } from "./policy.ts";
import type { RewardedEdit } from "./reward.ts";

/** A turn of the outer loop from scratch. */
interface Place {
  seed: number;
  kind: PromptKind;
  round: number;
}

/**
 * SEAL's outer loop from the untouched base (ReST-EM): in each round the writer so far writes M edits of
 * each of the round's passages, each is learned and rewarded, and the writer goes on from itself on the
 * best of every passage. As in the paper, no round is tried before the next. Where the time is up, a round
 * makes do with the passages that it has, if there are enough.
 * @returns what came of it: a writer; `nothing` where no edit of a round earned anything; `late` where
 * the time was up too early
 */
export async function trainRounds(
  lab: Lab,
  { seed, kind }: Omit<Place, "round">,
  setting: Setting,
): Promise<"trained" | "nothing" | "late"> {
  const { rounds, edits } = lab.config;
  for (let round = 1; round <= rounds; round++) {
    const place = { seed, kind, round };
    if (isTrained(lab, place)) {
      lab.onProgress({ phase: "", found: passagesFor(lab, "write", round).length * edits });
      continue;
    }
    const rewarded = await collect(lab, place, setting);
    if (!rewarded) return "late";
    if (!(await fit(lab, place, rewarded))) return "nothing";
  }
  return "trained";
}

/** @returns none where the time was up before there was enough */
async function collect(
  lab: Lab,
  place: Place,
  setting: Setting,
): Promise<RewardedEdit[] | undefined> {
  const passages = passagesFor(lab, "write", place.round);
  const rewarded: RewardedEdit[] = [];
  for (const [i, passage] of passages.entries()) {
    lab.onProgress({
      phase: `round ${place.round} of the writer (${place.kind}, seed ${place.seed}): passage ${i + 1} of ${passages.length}`,
    });
    if (lab.isLate("rounds", place)) {
      if (i < MIN_TRAIN) return undefined;
      lab.onProblem({
        problem: `Round ${place.round} of the writer (${place.kind}, seed ${place.seed}) had time for ${i} of its ${passages.length} passages`,
      });
      break;
    }
    const { seed, kind, round } = place;
    rewarded.push(...(await earnRewards(lab, passage, { seed, kind, rounds: round - 1, setting })));
  }
  return rewarded;
}

/** The M-step. */
async function fit(lab: Lab, place: Place, rewarded: RewardedEdit[]): Promise<boolean> {
  const { seed, kind, round } = place;
  const winners = bestOf(rewarded).map(({ edit }) => edit);
  const examples = winners.flatMap(({ prompt, completions }) =>
    prompt !== null && completions ? [{ prompt, completions }] : [],
  );
  if (!examples.some(({ completions }) => completions.length > 0)) {
    lab.onProblem({
      problem: `Round ${round} of the writer (${kind}, seed ${seed}) had no edit that earned anything: there is no SEAL arm`,
    });
    return false;
  }
  lab.onProgress({ phase: `round ${round} of the writer (${kind}, seed ${seed}): training it` });
  await trainPolicy(
    lab,
    place,
    examples,
    winners.map(({ id }) => id),
  );
  return true;
}
