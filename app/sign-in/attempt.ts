import { addEvent } from "../../db/events.ts";
import { type Database, transaction } from "../../db/open.ts";
import {
  addWrongPassword,
  countWrongPasswords,
  forgetWrongPasswords,
} from "../../db/wrong-passwords.ts";
import { isPassword } from "./password.ts";

/** Wrong passwords that are borne with in this time (milliseconds): of one address, and of all together. */
export const WINDOW_MS = 15 * 60_000;
export const MOST = { own: 10, all: 100 } as const;

/**
 * Tries a password. Wrong ones are counted in the database, so that a restart forgives none; each counts
 * before it is looked at, so that many at once are not more than many in a row.
 * @param address whose attempt it is
 */
export async function tryPassword(
  db: Database,
  password: string,
  address: string,
  now = Date.now(),
): Promise<"right" | "wrong" | "too-often"> {
  const admitted = transaction(db, () => {
    const { own, all } = countWrongPasswords(db, address, now - WINDOW_MS);
    if (own >= MOST.own || all >= MOST.all) return false;
    addWrongPassword(db, address, now);
    if (own + 1 === MOST.own || all + 1 === MOST.all) tell(db, address);
    return true;
  });
  if (!admitted) return "too-often";
  if (!(await isPassword(db, password))) return "wrong";
  forgetWrongPasswords(db, address);
  return "right";
}

function tell(db: Database, address: string): void {
  const message = `Wrong passwords were given too often, most lately from ${address}: sign-ins are refused for ${WINDOW_MS / 60_000} minutes.`;
  addEvent(db, { level: "warning", kind: "access.refused", message });
}
