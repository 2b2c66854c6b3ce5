import type { ModelName } from "./models.ts";
import type { Measured, Places } from "./run.ts";
import type { Repetition, Store } from "./store.ts";

/** What every part of the benchmark needs. */
export interface BenchOptions {
  places: Places;
  store: Store;
  models: readonly ModelName[];
  /** Only arms whose name contains one of these; all where there are none. */
  arms: readonly string[];
  threads: number;
  repetitions: number;
  /** Lessons of the parts that have them, where it is fewer than theirs. */
  lessons: number;
}

export class Bench {
  readonly places: Places;
  readonly store: Store;
  readonly models: readonly ModelName[];
  readonly threads: number;
  readonly repetitions: number;
  readonly lessons: number;
  private readonly arms: readonly string[];

  constructor(options: BenchOptions) {
    const { places, store, models, arms, threads, repetitions, lessons } = options;
    this.places = places;
    this.store = store;
    this.models = models;
    this.threads = threads;
    this.repetitions = repetitions;
    this.lessons = lessons;
    this.arms = arms;
  }

  wanted(arm: string): boolean {
    return this.arms.length === 0 || this.arms.includes(arm);
  }

  /** Measures every arm once, then every arm again, and so on; what was measured before counts. */
  async interleave<A>(
    key: string,
    arms: readonly A[],
    nameOf: (arm: A) => string,
    measure: (arm: A, repetition: number) => Promise<{ outcome?: Measured; figures: Repetition }>,
    repetitions = this.repetitions,
  ): Promise<void> {
    for (let i = 0; i < repetitions; i++) {
      for (const arm of arms) {
        const name = nameOf(arm);
        const at = `${key}/${name}`;
        if (!this.wanted(name) || this.store.count(at) > i) continue;
        this.store.checkModel();
        const { outcome, figures } = await measure(arm, i + 1);
        // Of the whole process, its start and the loading of the model included.
        const load = outcome && {
          busyCores: outcome.load.busyCores,
          stolenCores: outcome.load.stolenCores,
        };
        this.store.add(at, { ...figures, ...load }, outcome?.versions);
        log(at, i + 1, figures);
      }
    }
  }
}

function log(at: string, repetition: number, figures: Repetition): void {
  const shown = Object.entries(figures)
    .filter(([, value]) => typeof value === "number")
    .slice(0, 4)
    .map(([name, value]) => `${name} ${Number((value as number).toPrecision(4))}`);
  console.error(`${at} #${repetition}: ${shown.join(", ")}`);
}
