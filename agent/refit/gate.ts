import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ControlItemRow } from "../../db/control.ts";
import type { GateFigures, GateVerdict } from "../../db/gates.ts";
import type { ProbeScore } from "../../db/scores.ts";
import { scaleAdapter } from "../../trainer/index.ts";
import type { LearnerContext } from "../context.ts";
import { GateExam } from "../gate/exam.ts";
import { judge } from "../gate/judge.ts";

/** A refit before the gate: which adapter, instead of which, and without which passages. */
export interface GatedRefit {
  id: number;
  file: string;
  sha256: string;
  /** Path of the adapter that answers now; none is the untouched base. */
  current?: string;
  without: ReadonlySet<number>;
}

/** What the gate says of a refit: the scale that passes, or the whole where none does. */
export interface RefitVerdict {
  verdict: GateVerdict;
  reason: string;
  figures: GateFigures | null;
  file: string;
  sha256: string;
  /** Old reward probes under it. */
  looks: ProbeScore[];
}

/**
 * Asks old probes and the control set of a refit and of what answers now, as of any candidate, and by
 * the same budgets: what was lost is counted from how each probe stood right after its own update.
 * Refused, it is tried scaled down. There is nothing new that it could gain.
 */
export async function gateRefit(
  context: LearnerContext,
  refit: GatedRefit,
  control: ControlItemRow[],
): Promise<RefitVerdict> {
  const { db, home, model, settings, signal } = context;
  const { gate } = settings;
  const whole = { file: refit.file, sha256: refit.sha256 };
  if (!gate.on) return { verdict: "commit", reason: "", figures: null, looks: [], ...whole };
  const exam = new GateExam({
    db,
    trainer: await context.trainer(),
    model,
    control,
    ...(refit.current !== undefined && { parent: refit.current }),
    without: refit.without,
    settings: gate,
    seed: settings.seed + refit.id,
    signal,
  });
  let first: RefitVerdict | undefined;
  for (const scale of [1, ...gate.scales]) {
    const scaled = scale === 1 ? whole : scaleDown(context, refit, scale);
    const { old, control: base, looks } = await exam.take(join(home.adapters, scaled.file));
    const figures: GateFigures = {
      gain: null,
      exactGain: 0,
      old,
      control: base,
      budgets: { loss: gate.loss, control: gate.control, perplexity: gate.perplexity },
    };
    const found = { ...judge(figures, scale, exam.keptPassages), figures, looks, ...scaled };
    if (found.verdict !== "reject") return found;
    first ??= found;
    if (scale !== 1) rmSync(join(home.adapters, scaled.file), { force: true });
  }
  return first!;
}

function scaleDown({ home }: LearnerContext, refit: GatedRefit, scale: number) {
  const file = `tmp/refit-${refit.id}-s${scale}.gguf`;
  const adapter = join(home.adapters, refit.file);
  return { file, sha256: scaleAdapter({ adapter, scale, out: join(home.adapters, file) }) };
}
