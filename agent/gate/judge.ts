import type { GateFigures, GateVerdict } from "../../db/gates.ts";
import { ENOUGH } from "./evidence.ts";

export interface Judgement {
  verdict: GateVerdict;
  /** Why, in a sentence for people. */
  reason: string;
}

/**
 * Decides about one candidate at one scale.
 * - It must teach: what it gained on the new passage is above zero, where there is a new one.
 * - Old probes are compared with how they stood right after their own update, a *fixed* anchor, so that
 *   small losses add up in sight. Evidence for a loss above the budget refuses it; evidence for one
 *   below lets it pass. Where the draws leave it open, it passes if the loss is within the budget, or
 *   if it teaches more than it costs: answers gained on the new passage against answers lost on all
 *   others.
 * - So is what the base knew and could read, of which the control set is a sample: evidence for a loss
 *   above the budget refuses it. One above the budget without such evidence passes, and a sleep heals it.
 * - The perplexity of general text has a limit.
 *
 * What is lost already is no update's fault: one that makes it no worse passes, or nothing could heal.
 */
export function judge(figures: GateFigures, scale: number, keptPassages: number): Judgement {
  const refusal =
    refusedForGain(figures) ?? refusedForOld(figures, keptPassages) ?? refusedForBase(figures);
  if (refusal) return { verdict: "reject", reason: refusal };
  const verdict = scale === 1 ? "commit" : "rescale";
  const scaled = scale === 1 ? "" : `Scaled to ${scale}: `;
  return { verdict, reason: `${scaled}${summary(figures)}` };
}

function refusedForGain({ gain }: GateFigures): string | undefined {
  return gain === null || gain > 0 ? undefined : "the reward answers became no likelier";
}

function refusedForOld(figures: GateFigures, passages: number): string | undefined {
  const { old, budgets, exactGain } = figures;
  if (!old || old.sinceParent <= 0 || old.loss <= budgets.loss) return undefined;
  const told = `${points(old.loss)} of the old answers are lost since they were learned (${points(old.sinceParent)} by this update; the budget is ${points(budgets.loss)})`;
  if (old.harm >= ENOUGH) return `${told}: the evidence is ${old.harm.toFixed(0)} to 1`;
  if (old.safe >= ENOUGH) return undefined;
  return old.sinceParent * passages > Math.max(0, exactGain)
    ? `${told}, more than it teaches`
    : undefined;
}

function refusedForBase({ control, budgets }: GateFigures): string | undefined {
  if (!control) return undefined;
  const { loss, parentLoss, harm, perplexity, parentPerplexity } = control;
  if (loss > parentLoss && harm >= ENOUGH) {
    return `${points(loss)} of what the base knew and could read is lost (the budget is ${points(budgets.control)}): the evidence is ${harm.toFixed(0)} to 1`;
  }
  if (perplexity === null || perplexity <= budgets.perplexity) return undefined;
  return parentPerplexity !== null && perplexity <= parentPerplexity
    ? undefined
    : `the perplexity of general text is ${perplexity.toFixed(2)} times the base's (at most ${budgets.perplexity})`;
}

function summary({ old, control }: GateFigures): string {
  const parts = [
    old && `${points(old.loss)} of the old answers lost since they were learned`,
    control && `${points(control.loss)} of what the base knew and could read`,
  ].filter(Boolean);
  return parts.length === 0 ? "Nothing old could be lost." : `${parts.join(", ")}.`;
}

function points(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
