import type { ControlItemRow } from "../../../db/control.ts";
import type { NewScore } from "../../../db/experiment-results.ts";
import type { StepControl } from "../../../db/experiment-steps.ts";
import type { ExperimentQuestion } from "../../../db/experiments.ts";
import { controlFigures } from "../../control/measure.ts";
import { standings } from "../../reward/reward.ts";
import { probeOf } from "../learn.ts";
import type { Lesson, Voice } from "./student.ts";

/** How the report questions of some lessons stand. */
export async function askLessons(
  { trainer, adapter }: Voice,
  lessons: readonly Lesson[],
  { end, signal }: { end: boolean; signal: AbortSignal },
): Promise<NewScore[]> {
  const asked = lessons.flatMap(({ questions }): ExperimentQuestion[] =>
    questions.filter(({ use }) => use === "report"),
  );
  const probes = asked.map((question) => ({ ...probeOf(question, end), distractors: [] }));
  const found = await standings(trainer, probes, { adapter, signal });
  return asked.map(({ id: questionId }, i) => {
    const { logprob, rank, exact } = found[i]!;
    return { questionId, logprob, rank, exact, distractors: null, generated: null, match: null };
  });
}

/** What is left of what the base knew and could do. */
export async function askControl(
  { trainer, adapter }: Voice,
  items: readonly ControlItemRow[],
  signal: AbortSignal,
): Promise<StepControl | null> {
  if (items.length === 0) return null;
  const [scores = []] = await trainer.scoreUnder([adapter], [...items], { signal });
  const results = items.map((base, i) => ({ kind: base.kind, base, now: scores[i]! }));
  const { perplexity, kl, fact, reading, writing } = controlFigures(results);
  const share = (of: { mean: number } | null) => of?.mean ?? null;
  return { perplexity, kl, fact: share(fact), reading: share(reading), writing: share(writing) };
}
