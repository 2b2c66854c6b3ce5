import { addSearch, findSearch, scoresOf, type Tried } from "../../db/experiment-results.ts";
import { mean } from "../decide.ts";
import { type ArmForm, type Edits, specsOf } from "./arms.ts";
import { gridOf, type Setting } from "./config.ts";
import { type Lab, passagesFor } from "./lab.ts";
import { learn } from "./learn.ts";

/**
 * Finds the setting with which an arm answers best on the passages for tuning: the highest mean
 * log-probability per token of the answers to questions in wordings that the report does not have.
 * Done once and recorded; a grid of one point is not tried. Uses the first seed alone.
 */
export async function search(lab: Lab, edits: Edits, form: ArmForm): Promise<Setting> {
  const place = { experimentId: lab.experiment.id, ...form };
  const there = findSearch(lab.db, place);
  if (there) return there;
  const grid = gridOf(lab.config.recipe, form.budget);
  const tried = grid.length > 1 ? await tryAll(lab, edits, form, grid) : [];
  const best = tried.reduce<Tried | undefined>(
    (best, it) => (best && best.score >= it.score ? best : it),
    undefined,
  );
  const { learningRate, epochs } = best ?? grid[0]!;
  addSearch(lab.db, { ...place, learningRate, epochs, tried });
  return { learningRate, epochs };
}

async function tryAll(lab: Lab, edits: Edits, form: ArmForm, grid: Setting[]): Promise<Tried[]> {
  const passages = passagesFor(lab, "tune");
  const units = form.regime === "single" ? passages.map((passage) => [passage]) : [passages];
  const seed = lab.config.seeds[0]!;
  const tried: Tried[] = [];
  for (const setting of grid) {
    const updateIds: number[] = [];
    for (const unit of units) {
      const specs = await specsOf(lab, edits, form, unit, { seed, samples: 1, setting });
      updateIds.push(...(await learn(lab, specs)).map(({ id }) => id));
    }
    const scores = updateIds.flatMap((id) => scoresOf(lab.db, id, "reward"));
    const byPassage = [...Map.groupBy(scores, ({ passageId }) => passageId).values()];
    const score = mean(byPassage.map((own) => mean(own.map(({ logprob }) => logprob))));
    if (updateIds.length > 0) tried.push({ ...setting, score, updateIds });
  }
  return tried;
}
