import type { ControlItemRow } from "../../db/control.ts";
import type { GateFigures, GateLoss } from "../../db/gates.ts";
import type { Database } from "../../db/open.ts";
import { type Askable, getRetained, listAskable } from "../../db/retention.ts";
import type { ProbeScore } from "../../db/scores.ts";
import type { ModelTrainer, Score } from "../../trainer/types.ts";
import { controlFigures } from "../control/measure.ts";
import { mean } from "../decide.ts";
import { scoreProbesUnder } from "../learn/score.ts";
import type { GateSettings } from "../settings.ts";
import { drawKept } from "./draws.ts";
import { ENOUGH, Evidence } from "./evidence.ts";

export interface GateExamOptions {
  db: Database;
  trainer: ModelTrainer;
  model: { embedded: boolean };
  /** The gate's half of the control set. */
  control: ControlItemRow[];
  /** Path of the parent's adapter; none is the untouched base. */
  parent?: string;
  /** Passages that are to be lost, so that nothing is asked about them. */
  without?: ReadonlySet<number>;
  settings: GateSettings;
  seed: number;
  signal?: AbortSignal;
}

/** What an adapter did to old probes and to the base. */
export interface GateResult {
  old: GateLoss | null;
  control: GateFigures["control"];
  /** The reward probes that were asked, under the adapter. */
  looks: ProbeScore[];
}

/** Asks every adapter the same old probes, in the same order, and the same control items. */
export class GateExam {
  private readonly frame: Askable[];
  /** Passages that something could be lost of. */
  readonly keptPassages: number;
  private readonly anchors = new Map<number, boolean>();
  private readonly parentExact = new Map<number, boolean>();
  private parentControl: Score[] | undefined;

  constructor(private readonly options: GateExamOptions) {
    const { db, without } = options;
    this.frame = listAskable(db, "reward").filter(({ passageId }) => !without?.has(passageId));
    const kept = this.frame.filter(({ role }) => role !== "rejected");
    this.keptPassages = new Set(kept.map(({ passageId }) => passageId)).size;
  }

  async take(adapter: string): Promise<GateResult> {
    return { ...(await this.askOld(adapter)), control: await this.askControl(adapter) };
  }

  /** Draws old probes until the evidence is enough either way, or the draws are used up. */
  private async askOld(adapter: string): Promise<Pick<GateResult, "old" | "looks">> {
    const { settings, seed } = this.options;
    if (this.keptPassages === 0) return { old: null, looks: [] };
    const evidence = new Evidence(settings.loss);
    const looks = new Map<number, ProbeScore>();
    const draws = drawKept(this.frame, seed);
    let drawn = 0;
    let sinceParent = 0;
    while (drawn < settings.draws) {
      const batch = Array.from(
        { length: Math.min(settings.batch, settings.draws - drawn) },
        () => (draws.next().value as Askable).probeId,
      );
      await this.score(adapter, batch, looks);
      for (const id of batch) {
        const now = looks.get(id)!.exact ? 1 : 0;
        evidence.add((this.anchors.get(id) ? 1 : 0) - now);
        sinceParent += (this.parentExact.get(id) ? 1 : 0) - now;
      }
      drawn += batch.length;
      if (evidence.over >= ENOUGH || evidence.under >= ENOUGH) break;
    }
    const population = this.frame.filter(({ role }) => role !== "rejected").length;
    const old = {
      population,
      draws: drawn,
      asked: looks.size,
      loss: evidence.mean,
      sinceParent: sinceParent / drawn,
      harm: evidence.over,
      safe: evidence.under,
    };
    return { old, looks: [...looks.values()] };
  }

  /** Scores those of the probes that were not scored yet, under the adapter and under its parent. */
  private async score(adapter: string, ids: number[], looks: Map<number, ProbeScore>) {
    const { db, trainer, model, parent, signal } = this.options;
    const open = [...new Set(ids)].filter((id) => !looks.has(id));
    const rows = getRetained(db, open);
    const fresh = rows.filter(({ probe }) => !this.parentExact.has(probe.id));
    const probes = rows.map(({ probe }) => probe);
    const [own = []] = await scoreProbesUnder(trainer, probes, model, [adapter], signal);
    for (const look of own) looks.set(look.probeId, look);
    for (const { retention } of rows) this.anchors.set(retention.probeId, retention.anchorExact);
    if (fresh.length === 0) return;
    const asked = fresh.map(({ probe }) => probe);
    const [before = []] = await scoreProbesUnder(trainer, asked, model, [parent ?? null], signal);
    for (const { probeId, exact } of before) this.parentExact.set(probeId, exact);
  }

  private async askControl(adapter: string): Promise<GateFigures["control"]> {
    const { trainer, control, parent, settings, signal } = this.options;
    if (control.length === 0) return null;
    const options = signal && { signal };
    const [now = []] = await trainer.scoreUnder([adapter], control, options);
    this.parentControl ??= (await trainer.scoreUnder([parent ?? null], control, options))[0] ?? [];
    const figuresOf = (scores: Score[]) =>
      controlFigures(control.map((base, i) => ({ kind: base.kind, base, now: scores[i]! })));
    const before = figuresOf(this.parentControl);
    const after = figuresOf(now);
    const evidence = new Evidence(settings.control);
    for (const lost of lostOf(control, now)) evidence.add(lost);
    return {
      ...after,
      loss: evidence.mean,
      parentLoss: mean(lostOf(control, this.parentControl)),
      harm: evidence.over,
      parentPerplexity: before.perplexity,
    };
  }
}

/**
 * Of what the base knew and could read: 1 where it is lost. Writing is left out: edits are written by the
 * base and its policy, without what was learned.
 */
function lostOf(control: ControlItemRow[], scores: Score[]): number[] {
  return control.flatMap(({ kind }, i) =>
    kind === "fact" || kind === "reading" ? [scores[i]!.exact ? 0 : 1] : [],
  );
}
