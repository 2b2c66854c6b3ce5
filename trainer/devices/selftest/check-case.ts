import type { Variant } from "../../ggml/locate.ts";
import { type Case, DIFFERENCES_LIMIT, limitsOf } from "./cases.ts";
import {
  type Check,
  check,
  curveDifference,
  gradientDifference,
  logitsDifference,
  scoreDifference,
} from "./checks.ts";
import type { Attempt, TaskRunner } from "./run-task.ts";
import type { Outcome } from "./task.ts";

/** All comparisons of a device on one model. */
export async function checkCase(
  variant: Variant,
  one: Case,
  model: string,
  runner: TaskRunner,
): Promise<Check[]> {
  const { architecture, base } = one;
  const limits = limitsOf(one, variant);
  const compare = (
    name: string,
    limit: number,
    attempts: readonly Attempt[],
    measure: (...outcomes: Outcome[]) => number,
  ): Check =>
    check({ name, architecture, type: base.name, limit }, () =>
      measure(...attempts.map(outcomeOf)),
    );
  const own = { variant, model };
  // On the CPU itself, the forms that other backends' graphs have are compared.
  const other: typeof own & { composedFor?: Variant } =
    variant === "cpu" ? { ...own, composedFor: "metal" } : { ...own, variant: "cpu" };
  const reference = variant === "cpu" ? "as composed for Metal" : "against the CPU";
  const llama = await runner.run({ kind: "llama.cpp", ...own });
  const logits = [await runner.run({ kind: "logits", ...own }), llama];
  const scores = [await runner.run({ kind: "scores", ...own }), llama];
  const gradients = [
    await runner.run({ kind: "gradients", ...own }),
    await runner.run({ kind: "gradients", ...other }),
  ];
  const curves = [
    await runner.run({ kind: "curve", ...own }),
    await runner.run({ kind: "curve", ...other }),
  ];
  const checks = [
    compare("logits against llama.cpp", limits.logits, logits, logitsDifference),
    compare("scores against llama.cpp", limits.scores, scores, scoreDifference),
    compare(`gradients ${reference}`, limits.gradients, gradients, gradientDifference),
    compare(`losses ${reference}`, limits.losses, curves, curveDifference),
  ];
  // Rounded products make the loss too coarse for its differences.
  if (variant === "cpu" && base.name === "F32") {
    const measured = [await runner.run({ kind: "differences", ...own })];
    const error = ({ gradientError = Number.POSITIVE_INFINITY }: Outcome): number => gradientError;
    checks.push(compare("gradients against differences", DIFFERENCES_LIMIT, measured, error));
  }
  return checks;
}

function outcomeOf(attempt: Attempt): Outcome {
  if ("failed" in attempt) throw attempt.failed;
  return attempt.outcome;
}
