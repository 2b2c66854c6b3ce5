import { asc, eq } from "drizzle-orm";
import type { Database } from "./open.ts";
import { type SCOPES, tokens } from "./schema.ts";

export type Token = typeof tokens.$inferSelect;
export type Scope = (typeof SCOPES)[number];

/** The use of a token is recorded this often at most, in milliseconds: writing takes an fsync. */
const USE_STEP_MS = 60_000;

export function addToken(
  db: Database,
  token: Pick<Token, "name" | "hash" | "hint" | "scopes"> & { expiresAt?: number | null },
): Token {
  return db.insert(tokens).values(token).returning().get();
}

/** The token with this hash, expired or not. */
export function findToken(db: Database, hash: string): Token | undefined {
  return db.select().from(tokens).where(eq(tokens.hash, hash)).get();
}

/** Records that a token is used now. */
export function touchToken(db: Database, token: Token, now = Date.now()): void {
  if (token.usedAt !== null && now - token.usedAt < USE_STEP_MS) return;
  db.update(tokens).set({ usedAt: now }).where(eq(tokens.id, token.id)).run();
}

/** All of them, the oldest first. */
export function listTokens(db: Database): Token[] {
  return db.select().from(tokens).orderBy(asc(tokens.id)).all();
}

/** Ends a token; it is not accepted from now on. Returns false where there is none. */
export function removeToken(db: Database, id: number): boolean {
  return db.delete(tokens).where(eq(tokens.id, id)).run().changes > 0;
}
