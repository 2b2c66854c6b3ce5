import type { Update } from "../../db/updates.ts";

/** The parts of an update, in the order in which they come. */
export const PARTS = ["probe", "decide", "sample", "train", "score", "gate", "measure"] as const;

/** Mean seconds per update that was studied, by part. */
export type Timing = Record<(typeof PARTS)[number] | "total", number> & {
  /** How many updates the means are over. */
  updates: number;
};

/** What all parts took together, in seconds. */
export function totalSeconds(timing: Readonly<Record<string, number>>): number {
  return Object.values(timing).reduce((sum, seconds) => sum + seconds, 0);
}

/** Where the time of the updates went; an update that found its passage known does not count. */
export function meanTiming(updates: Pick<Update, "verdict" | "timing">[]): Timing {
  const studied = updates.filter(({ verdict }) => verdict === "commit" || verdict === "reject");
  const seconds = (part: string) => {
    const sum = studied.reduce((total, { timing }) => total + (timing[part] ?? 0), 0);
    return studied.length === 0 ? 0 : sum / studied.length;
  };
  const parts = PARTS.map((part) => [part, seconds(part)] as const);
  const total = parts.reduce((sum, [, value]) => sum + value, 0);
  return { ...(Object.fromEntries(parts) as Timing), total, updates: studied.length };
}
