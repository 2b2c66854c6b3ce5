import type { MemoryFigures, RetentionByAge } from "../../db/measurements.ts";
import type { Askable, Role } from "../../db/retention.ts";
import { halfLife } from "./half-life.ts";
import { type Interval, interval } from "./interval.ts";
import { ageClass, agesOf, estimateTotal, type Stratum } from "./sample.ts";

/** A probe that was asked, and how it stood before. */
export interface Asked extends Askable {
  now: Standing;
  anchor: Standing;
  base: Standing;
  /** Whether it was ever right when it was looked at before. */
  everExact: boolean;
}

interface Standing {
  exact: boolean;
  /** Per token, in nats. */
  logprob: number;
}

type Estimates = Pick<
  MemoryFigures,
  | "population"
  | "asked"
  | "passages"
  | "acc"
  | "bwt"
  | "forgetting"
  | "all"
  | "netGain"
  | "logprob"
  | "ages"
  | "halfLife"
>;

/**
 * The figures of a memory, estimated from the probes that were drawn of it. Passages count alike, and so
 * do the probes of one passage. With all probes asked, they are exact:
 * - ACC = mean over learned passages of R[T, i]
 * - BWT = mean over those learned before the last version of R[T, i] − R[i, i] (Lopez-Paz & Ranzato 2017)
 * - forgetting = the same over (best earlier look − now), question by question (after Chaudhry et al. 2018)
 * - all = mean of R[T, i] over every examined passage: learned, known before, or rejected
 * - net gain = the same of R[T, i] − b_i
 */
export function memoryFigures(
  frame: readonly Askable[],
  strata: readonly Stratum<Asked>[],
  version: number,
): Estimates {
  const probesOf = counts(frame.map(({ passageId }) => passageId));
  const share = (probe: Askable) => 1 / probesOf.get(probe.passageId)!;
  const over = (
    belongs: (probe: Askable) => boolean,
    value: (probe: Asked) => number,
  ): Interval | null => {
    const passages = new Set(frame.filter(belongs).map(({ passageId }) => passageId)).size;
    if (passages === 0) return null;
    const weight = (probe: Asked) => (belongs(probe) ? share(probe) / passages : 0);
    return estimateTotal(strata, (probe) => weight(probe) * value(probe), weight);
  };
  const learned = ({ role }: Askable) => role === "learned";
  const earlier = (probe: Askable) => learned(probe) && probe.anchorVersion < version;
  const any = () => true;
  return {
    population: frame.length,
    asked: strata.reduce((sum, { drawn }) => sum + drawn.length, 0),
    passages: countRoles(frame),
    acc: over(learned, ({ now }) => one(now.exact)),
    bwt: over(earlier, ({ now, anchor }) => one(now.exact) - one(anchor.exact)),
    forgetting: over(earlier, ({ now, everExact }) => one(everExact) - one(now.exact)),
    all: over(any, ({ now }) => one(now.exact)),
    netGain: over(any, ({ now, base }) => one(now.exact) - one(base.exact)),
    logprob: {
      acc: over(learned, ({ now }) => now.logprob),
      bwt: over(earlier, ({ now, anchor }) => now.logprob - anchor.logprob),
      netGain: over(any, ({ now, base }) => now.logprob - base.logprob),
    },
    ...fading(strata, version),
  };
}

/** What is still right of what was right after its update, by age. */
function fading(
  strata: readonly Stratum<Asked>[],
  version: number,
): Pick<MemoryFigures, "ages" | "halfLife"> {
  const looks = strata.flatMap(({ population, drawn }) =>
    drawn
      .filter(({ role, anchor }) => role === "learned" && anchor.exact)
      .map((probe) => ({
        age: Math.max(0, version - probe.anchorVersion),
        kept: probe.now.exact,
        weight: population / drawn.length,
      })),
  );
  const classes = [...Map.groupBy(looks, ({ age }) => ageClass(age))].sort(([a], [b]) => a - b);
  const ages = classes.map(([age, own]): RetentionByAge => {
    const probes = own.reduce((sum, { weight }) => sum + weight, 0);
    const kept = own.reduce((sum, it) => sum + (it.kept ? it.weight : 0), 0) / probes;
    // The interval of as many looks; the mean has each of them stand for its stratum.
    const { low, high } = interval(own.map((it) => (it.kept ? 1 : 0)));
    return { ...agesOf(age), probes, kept: { mean: kept, low, high } };
  });
  return { ages, halfLife: halfLife(looks) };
}

function countRoles(frame: readonly Askable[]): Record<Role, number> {
  const of = (role: Role) =>
    new Set(frame.filter((it) => it.role === role).map(({ passageId }) => passageId)).size;
  return { learned: of("learned"), known: of("known"), rejected: of("rejected") };
}

function counts(ids: number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const id of ids) found.set(id, (found.get(id) ?? 0) + 1);
  return found;
}

function one(exact: boolean): number {
  return exact ? 1 : 0;
}
