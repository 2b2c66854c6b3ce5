import type { Database } from "../../db/open.ts";
import { listPassages } from "../../db/passages.ts";
import { listProbes, type Probe } from "../../db/probes.ts";
import { changeBase } from "../../db/retention.ts";
import { type ProbeScore, saveScores } from "../../db/scores.ts";
import { BASE_VERSION } from "../../db/versions.ts";
import type { LearnerContext } from "../context.ts";
import { perToken, summarise } from "../decide.ts";
import { scoreProbes } from "../learn/score.ts";
import { relearn } from "../read/consent.ts";

/** Probes that are scored in one request: between two of them it can be stopped. */
const CHUNK = 500;

type Models = Pick<LearnerContext, "db" | "trainer" | "model" | "signal">;

/**
 * Asks the untouched base every question there is, because it is another base than before.
 * @returns what stores it, in a transaction: the base's scores, and the passages that the former base
 *   knew and this one does not are queued to be learned
 */
export async function examineBase(
  context: Models & Pick<LearnerContext, "settings">,
  onProgress: (asked: number, of: number) => void,
): Promise<() => void> {
  const { db, settings } = context;
  const examined = listPassages(db).filter(({ decision }) => decision !== "new");
  const probes = probesOf(
    db,
    examined.map(({ id }) => id),
  );
  const scores = await score(context, probes, undefined, onProgress);
  const byPassage = Map.groupBy(scores.keys(), (i) => probes[i]!.passageId);
  const unknown = examined
    .filter(({ decision }) => decision === "known")
    .filter(({ id }) => {
      const own = (byPassage.get(id) ?? []).map((i) => scores[i]!);
      return summarise(own).accuracy < settings.knownAccuracy;
    });
  return () => {
    saveScores(db, BASE_VERSION, scores);
    const rows = scores.map((it) => ({ ...it, logprob: perToken(it) }));
    changeBase(db, rows);
    relearn(
      db,
      unknown.map(({ id }) => id),
    );
  };
}

/** The probes of these passages under an adapter. */
export async function scoreLearned(
  context: Models,
  passageIds: number[],
  adapter: string,
): Promise<ProbeScore[]> {
  return score(context, probesOf(context.db, passageIds), adapter);
}

async function score(
  { trainer, model, signal }: Models,
  probes: Probe[],
  adapter: string | undefined,
  onProgress: (asked: number, of: number) => void = () => {},
): Promise<ProbeScore[]> {
  const scores: ProbeScore[] = [];
  for (let i = 0; i < probes.length; i += CHUNK) {
    signal.throwIfAborted();
    onProgress(i, probes.length);
    const chunk = probes.slice(i, i + CHUNK);
    scores.push(...(await scoreProbes(await trainer(), chunk, model, { adapter, signal })));
  }
  return scores;
}

function probesOf(db: Database, passageIds: number[]): Probe[] {
  return passageIds.flatMap((id) => listProbes(db, id));
}
