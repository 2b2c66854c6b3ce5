import { listProbes, type Probe } from "../../db/probes.ts";
import { rewardOf, type Standing, standings } from "../reward/reward.ts";
import type { Run } from "./run.ts";
import { rewardProbe } from "./score.ts";

/** The same reward probes for every candidate, against the version that all of them began from. */
export class RewardExam {
  private readonly probes: Probe[];
  private before: Standing[] | undefined;

  constructor(
    private readonly run: Run,
    passageId = run.passage.id,
  ) {
    this.probes = listProbes(run.db, passageId, "reward").filter(
      ({ supersededBy }) => supersededBy === null,
    );
  }

  async take(adapter: string) {
    const { parent } = this.run;
    this.before ??= await this.standings(parent && this.run.adapterPath(parent.file));
    return rewardOf(this.before, await this.standings(adapter));
  }

  byProbe(gains: number[]): Record<string, number> {
    return Object.fromEntries(this.probes.map(({ id }, i) => [id, gains[i]!]));
  }

  private async standings(adapter: string | undefined): Promise<Standing[]> {
    const { trainer, model, signal } = this.run.context;
    const probes = this.probes.map((probe) => rewardProbe(probe, model));
    return standings(await trainer(), probes, { adapter, signal });
  }
}
