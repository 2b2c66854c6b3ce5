import { statSync } from "node:fs";
import { join } from "node:path";
import { addEvent } from "../db/events.ts";
import { type Database, transaction } from "../db/open.ts";
import { getUpdate } from "../db/updates.ts";
import {
  BASE_VERSION,
  breakVersion,
  currentVersion,
  getVersion,
  isUsable,
  standIn,
  type Version,
} from "../db/versions.ts";
import { isSound } from "./adapter-file.ts";
import type { Home } from "./home.ts";
import { switchVersion, versionName } from "./lineage/switch.ts";
import { requestRebuild } from "./refit/request.ts";

/** Files whose content was checked, by path: size and time of change. */
const checked = new Map<string, string>();

/**
 * The version that answers now, after a look at its file: one that is missing, or does not have the
 * content that its hash says, is refused. The one before it answers in its place, and what it
 * taught waits to be learned again.
 */
export async function soundVersion(db: Database, home: Home): Promise<Version | undefined> {
  for (;;) {
    const version = currentVersion(db);
    if (!version || (await hasContent(home, version))) return version;
    refuse(db, version);
  }
}

/**
 * Whether a version can answer: its adapter is there, and is what it was. One that is not is refused
 * from now on; one that was, and whose file is back in its place, is taken again.
 */
export async function checkVersion(db: Database, home: Home, id: number): Promise<boolean> {
  const version = getVersion(db, id);
  if (!version || !isUsable({ ...version, broken: null })) return false;
  const sound = await hasContent(home, version);
  if (sound && version.broken !== null) breakVersion(db, id, null);
  if (!sound && version.broken === null) refuse(db, version);
  return sound;
}

/** Hashes a file once, and again when it was changed. */
async function hasContent(home: Home, { file, sha256 }: Version): Promise<boolean> {
  const path = join(home.adapters, file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return false;
  const state = `${sha256} ${stat.size} ${stat.mtimeMs}`;
  if (checked.get(path) === state) return true;
  if (!(await isSound(path, sha256))) return false;
  checked.set(path, state);
  return true;
}

/** Breaks a version. If it answered, another one does now, and what that does not know is learned again. */
function refuse(db: Database, version: Version): void {
  const { id, file, updateId, refitId } = version;
  const passageId = updateId === null ? undefined : getUpdate(db, updateId)?.passageId;
  const say = (rest: string) => {
    const message = `The adapter of version ${id} (${file}) is missing or damaged${rest}`;
    addEvent(db, { level: "error", kind: "version.broken", message, passageId });
  };
  transaction(db, () => {
    const answered = currentVersion(db)?.id === id;
    const next = standIn(db, version)?.id ?? BASE_VERSION;
    if (!answered) say(": it cannot be gone back to.");
    else {
      // What a refit knew is fitted again at once, not passage by passage.
      const refitted = refitId !== null;
      const why = `Version ${id} had learned it, and its adapter is missing or damaged.`;
      const { lost } = switchVersion(db, next, { requeue: !refitted, why });
      if (refitted && lost.length > 0) requestRebuild(db, id);
      const again =
        lost.length > 0
          ? " What it taught is queued to be learned again; a copy of the file can be put back under its name before that."
          : "";
      say(`, so ${versionName(next)} answers in its place.${again}`);
    }
    breakVersion(db, id, "Its file is missing or damaged.");
  });
}
