import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { EMBEDDED_MODEL } from "../../app/config.ts";
import { type Machine, thisMachine } from "./machine.ts";

/** One repetition's figures by name; what is no number is told, not averaged. */
export type Repetition = Record<string, number | string | boolean | number[]>;

/** The JSON that a run writes. */
export interface Results {
  benchmark: "trainer";
  began: string;
  ended: string;
  commit: string;
  machine: Machine;
  /** SHA-256 of the embedded model: repetitions on different ones are not comparable. */
  embedded: string;
  versions: Record<string, string>;
  /** What was asked of each part: seeds, shapes, recipes. */
  workloads: Record<string, unknown>;
  /** By `part/model/arm`, in the order in which they were made. */
  repetitions: Record<string, Repetition[]>;
  medians: Record<string, Repetition>;
}

/** Results on disk: every repetition is kept as it is made, and an interrupted run goes on. */
export class Store {
  private constructor(
    private readonly path: string,
    readonly results: Results,
  ) {}

  static open(path: string): Store {
    const results: Results = existsSync(path)
      ? JSON.parse(readFileSync(path, "utf8"))
      : {
          benchmark: "trainer",
          began: new Date().toISOString(),
          ended: "",
          commit: commit(),
          machine: thisMachine(),
          embedded: embeddedDigest(),
          versions: {},
          workloads: {},
          repetitions: {},
          medians: {},
        };
    return new Store(path, results);
  }

  /** @throws Error where the embedded model is another one than when the run began */
  checkModel(): void {
    if (this.results.embedded === embeddedDigest()) return;
    throw new Error(
      `The embedded model has changed since ${this.path} was begun. Give another --out.`,
    );
  }

  count(key: string): number {
    return this.results.repetitions[key]?.length ?? 0;
  }

  add(key: string, repetition: Repetition, versions: Record<string, string> = {}): void {
    const { results } = this;
    results.repetitions[key] = [...(results.repetitions[key] ?? []), repetition];
    results.medians[key] = medians(results.repetitions[key]);
    Object.assign(results.versions, versions);
    this.save();
  }

  describe(part: string, workload: unknown): void {
    this.results.workloads[part] = workload;
    this.save();
  }

  private save(): void {
    this.results.ended = new Date().toISOString();
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(`${this.path}.tmp`, `${JSON.stringify(this.results, null, 1)}\n`);
    renameSync(`${this.path}.tmp`, this.path);
  }
}

function medians(repetitions: readonly Repetition[]): Repetition {
  const result: Repetition = {};
  for (const name of Object.keys(repetitions[0] ?? {})) {
    const values = repetitions.map((r) => r[name]).filter((x) => typeof x === "number");
    if (values.length === repetitions.length) result[name] = median(values);
  }
  return result;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function embeddedDigest(): string {
  return createHash("sha256").update(readFileSync(EMBEDDED_MODEL)).digest("hex");
}

function commit(): string {
  const { stdout } = Bun.spawnSync(["git", "describe", "--always", "--dirty"], {
    stderr: "ignore",
  });
  return stdout.toString().trim();
}
