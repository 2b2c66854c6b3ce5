import { addEvent } from "../../db/events.ts";
import { type Database, transaction } from "../../db/open.ts";
import { changePoliciesModel } from "../../db/policies.ts";
import { learnedPassages } from "../../db/refits.ts";
import { changeRound, findOpenRound } from "../../db/rounds.ts";
import { getSetting, setSetting } from "../../db/settings.ts";
import {
  BASE_VERSION,
  changeVersionsModel,
  currentVersion,
  getVersion,
  isUsable,
  pointTo,
} from "../../db/versions.ts";
import type { BaseModel } from "../context.ts";
import { bindModel, boundModel, fingerprintOf } from "../model.ts";
import { type Requested, requestMove } from "../refit/request.ts";
import { knownTo } from "./switch.ts";

/** What it means to learn on another base model. */
export interface Move {
  /** The model of until now. */
  from: string;
  /** Passages that are learned again from their stored study lines. */
  passages: number;
  request?: Requested;
}

/** The version that answered when a base model was left, by the model's fingerprint. */
const leftAt = (fingerprint: string) => `version.left.${fingerprint}`;

/**
 * Binds the instance to another base model, and has everything that is learned fitted on it from the
 * stored study lines. Versions and writers of the former model are set aside, and are there again when
 * the instance moves back. Until the refit is done, the new base answers by itself, or the version of it
 * that answered when it was left. Only for a process that no other one learns beside.
 * @throws ModelError `model-missing`
 */
export async function moveToModel(db: Database, model: BaseModel): Promise<Move> {
  const fingerprint = await fingerprintOf(model);
  return transaction(db, () => {
    const bound = boundModel(db);
    const from = bound?.name ?? model.name;
    if (bound && bound.fingerprint !== fingerprint) change(db, bound.fingerprint, fingerprint);
    bindModel(db, { name: model.name, fingerprint });
    const known = knownTo(db, currentVersion(db));
    const learned = learnedPassages(db);
    const missing = learned.filter(({ passageId }) => !known.has(passageId)).length;
    const moved = bound !== undefined && bound.fingerprint !== fingerprint;
    if (!moved && missing === 0) return { from, passages: 0 };
    const request = requestMove(db, model.name);
    const passages = learned.length;
    if (request.added) {
      const message = `From now on this learns on ${model.name}: ${passages} passages are learned again from their stored study lines.`;
      addEvent(db, { level: "info", kind: "model.moved", message });
    }
    return { from, passages, request };
  });
}

function change(db: Database, before: string, now: string): void {
  setSetting(db, leftAt(before), currentVersion(db)?.id ?? BASE_VERSION);
  changeVersionsModel(db, before, now);
  changePoliciesModel(db, before, now);
  const round = findOpenRound(db);
  const reason = "The base model was changed.";
  const over = { stage: "done", verdict: "failed", reason, finishedAt: Date.now() } as const;
  if (round) changeRound(db, round.id, over);
  const left = getSetting(db, leftAt(now));
  const version = typeof left === "number" ? getVersion(db, left) : undefined;
  pointTo(db, version && isUsable(version) ? version.id : BASE_VERSION);
}
