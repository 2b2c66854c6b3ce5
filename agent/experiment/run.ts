import { addArms, type Regime } from "../../db/experiment-results.ts";
import { type ArmForm, Edits, needsProbes, specsOf } from "./arms.ts";
import { kindsOf, rewards, type Setting, selects } from "./config.ts";
import { type Lab, type LabPassage, passagesFor } from "./lab.ts";
import { learn, scoreBase, type UpdateSpec } from "./learn.ts";
import { ensureProbes } from "./reward.ts";
import { trainRounds } from "./rounds.ts";
import { search } from "./search.ts";

/**
 * Does all of an experiment that is not done yet: the search for what own edits are learned with (which
 * rewards use, too), the outer loops, the searches of the other arms, and the report's passages with
 * every arm, one after the other, so that what is there is balanced whenever it ends.
 * @returns whether all was done; false where the time was up
 * @throws TrainerError, GeneratorError; the abort reason when asked to stop
 */
export async function runAll(lab: Lab): Promise<boolean> {
  const selecting = (kind: ArmForm["kind"]) =>
    search(lab, edits, { arm: "own", kind, regime: "single", budget: "epochs" });
  const edits = new Edits(lab, selecting);
  const { config } = lab;
  const missing = new Set<string>();
  for (const kind of config.kinds) {
    if (!rewards(config)) break;
    lab.onProgress({ phase: `choosing a learning rate for own edits (${kind})` });
    const setting = await selecting(kind);
    if (!config.arms.includes("seal")) continue;
    for (const seed of config.seeds) {
      const outcome = await trainRounds(lab, { seed, kind }, setting);
      if (outcome === "late") return false;
      if (outcome === "nothing") missing.add(`${kind} ${seed}`);
    }
  }
  const settings = await searchAll(lab, edits, missing);
  const report = new Report(lab, edits, settings, missing);
  return report.run();
}

/** Every arm in every form that is compared, but the base, which learns nothing. */
export function formsOf({ config }: Pick<Lab, "config">, regime?: Regime): ArmForm[] {
  const regimes = regime ? [regime] : config.regimes;
  return regimes.flatMap((regime) =>
    config.budgets.flatMap((budget) =>
      config.arms
        .filter((arm) => arm !== "none")
        .flatMap((arm) => kindsOf(config, arm).map((kind) => ({ arm, kind, regime, budget }))),
    ),
  );
}

async function searchAll(
  lab: Lab,
  edits: Edits,
  missing: ReadonlySet<string>,
): Promise<Map<string, Setting>> {
  const settings = new Map<string, Setting>();
  for (const form of formsOf(lab)) {
    const { arm, kind } = form;
    if (arm === "seal" && missing.has(`${kind} ${lab.config.seeds[0]}`)) continue;
    lab.onProgress({ phase: `choosing hyperparameters: ${nameOf(form)}` });
    settings.set(nameOf(form), await search(lab, edits, form));
  }
  return settings;
}

/** What is learned at once. */
interface Unit {
  regime: Regime;
  /** The passage's id, or the set's number. */
  unit: number;
  passages: LabPassage[];
}

/** The passages that are reported. */
class Report {
  private readonly passages: LabPassage[];

  constructor(
    private readonly lab: Lab,
    private readonly edits: Edits,
    private readonly settings: ReadonlyMap<string, Setting>,
    private readonly missing: ReadonlySet<string>,
  ) {
    this.passages = passagesFor(lab, "report");
  }

  async run(): Promise<boolean> {
    const { config } = this.lab;
    const units = config.regimes.flatMap((regime) => this.unitsOf(regime));
    for (const [i, unit] of units.entries()) {
      if (this.lab.isLate("report")) return false;
      for (const seed of config.seeds) {
        const what = unit.regime === "single" ? "passage" : "set";
        this.lab.onProgress({ phase: `${what} ${i + 1} of ${units.length}, seed ${seed}` });
        await this.learnUnit(unit, seed);
      }
    }
    return true;
  }

  private unitsOf(regime: Regime): Unit[] {
    const { passages, sets, together } = this.lab.config;
    if (regime === "single") {
      return this.passages
        .slice(0, passages)
        .map((passage) => ({ regime, unit: passage.id, passages: [passage] }));
    }
    return Array.from({ length: sets }, (_, i) => ({
      regime,
      unit: i + 1,
      passages: this.passages.slice(i * together, (i + 1) * together),
    }));
  }

  private async learnUnit({ regime, unit, passages }: Unit, seed: number): Promise<void> {
    const { lab } = this;
    const { config, experiment } = lab;
    if (selects(config)) {
      for (const passage of passages)
        if (needsProbes(lab, passage)) await ensureProbes(lab, passage);
    }
    const place = { experimentId: experiment.id, regime, seed, unit };
    if (config.arms.includes("none")) {
      const { id: updateId } = await scoreBase(lab, passages);
      addArms(
        lab.db,
        config.budgets.map((budget) => ({
          ...place,
          arm: "none",
          kind: "",
          budget,
          ordinal: 0,
          updateId,
        })),
      );
    }
    const samples = regime === "single" ? config.samples : 1;
    const planned: { form: ArmForm; ordinal: number; spec: UpdateSpec }[] = [];
    for (const form of formsOf(lab, regime)) {
      const setting = this.settings.get(nameOf(form));
      if (!setting || this.isMissing(form, seed)) continue;
      const specs = await specsOf(lab, this.edits, form, passages, { seed, samples, setting });
      planned.push(...specs.map((spec, ordinal) => ({ form, ordinal, spec })));
    }
    const updates = await learn(
      lab,
      planned.map(({ spec }) => spec),
    );
    addArms(
      lab.db,
      planned.map(({ form, ordinal }, i) => ({
        ...place,
        ...form,
        ordinal,
        updateId: updates[i]!.id,
      })),
    );
  }

  private isMissing({ arm, kind }: ArmForm, seed: number): boolean {
    return arm === "seal" && this.missing.has(`${kind} ${seed}`);
  }
}

function nameOf({ arm, kind, regime, budget }: ArmForm): string {
  return [arm, kind, regime, `equal ${budget}`].filter(Boolean).join(", ");
}
