import { type Database, transaction } from "../../db/open.ts";
import { endSessions } from "../../db/sessions.ts";
import { deleteSetting, getSetting, setSetting } from "../../db/settings.ts";
import { ConfigError } from "../knob.ts";

/** The setting that has the password's hash, in PHC's form. */
const SETTING = "access.password";
export const MIN_PASSWORD = 10;
/** Characters; what is longer only costs the time of hashing it. */
const MAX_PASSWORD = 1000;
/** Memory in KiB, and passes: what OWASP's Password Storage Cheat Sheet names for argon2id. */
const COST = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** Whether people have to sign in. */
export function hasPassword(db: Database): boolean {
  return typeof getSetting(db, SETTING) === "string";
}

/**
 * Sets what people sign in with; only its argon2id hash is kept. Whoever is signed in is not any more.
 * @param keep a session that stays: of the person who changes it
 * @throws ConfigError where it is too short
 */
export async function setPassword(db: Database, password: string, keep?: number): Promise<void> {
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD) {
    throw new ConfigError(
      `The password has ${password.length} characters, but it must have ${MIN_PASSWORD} to ${MAX_PASSWORD}: several words do well.`,
    );
  }
  const hash = await inTurn(() => Bun.password.hash(password, COST));
  transaction(db, () => {
    setSetting(db, SETTING, hash);
    endSessions(db, keep);
  });
}

/** Removes the password; from then on Selkie listens to its own machine only. */
export function removePassword(db: Database): void {
  transaction(db, () => {
    deleteSetting(db, SETTING);
    endSessions(db);
  });
}

/** Whether this is the password; without one, nothing is. */
export async function isPassword(db: Database, password: string): Promise<boolean> {
  const hash = getSetting(db, SETTING);
  if (typeof hash !== "string" || password.length > MAX_PASSWORD) return false;
  return inTurn(() => Bun.password.verify(password, hash));
}

/** Lets the environment's password be the one, unless it is already. @throws ConfigError */
export async function adoptPassword(db: Database, password: string): Promise<void> {
  if (!(await isPassword(db, password))) await setPassword(db, password);
}

let last: Promise<unknown> = Promise.resolve();

/** One hash at a time: each takes its memory. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  last = mine.catch(() => {});
  return mine;
}
