import { randomBytes } from "node:crypto";
import { sha256 } from "../agent/read/hash.ts";
import type { Database } from "../db/open.ts";
import { addToken, findToken, type Scope, type Token, touchToken } from "../db/tokens.ts";
import { ConfigError } from "./knob.ts";

/** What keys of Selkie begin with: they are told from others, and found where they were leaked. */
const PREFIX = "sk-selkie-";
/** Characters after the prefix that a list may show. */
const HINT = 6;
const MAX_NAME = 100;
/** Days that a key may be valid. */
export const MAX_DAYS = 36_500;
const DAY_MS = 24 * 3_600_000;

/** Makes a key; it is in what is returned, and nowhere else. */
export function issueToken(
  db: Database,
  wish: { name: string; scopes: Scope[]; expiresAt?: number },
): { key: string; token: Token } {
  const key = PREFIX + randomBytes(32).toString("base64url");
  const hint = `${key.slice(0, PREFIX.length + HINT)}…`;
  return { key, token: addToken(db, { ...wish, hint, hash: sha256(key) }) };
}

/**
 * Makes a key as people ask for it.
 * @param wish.days how long it is valid; for ever without
 * @throws ConfigError for what is no name
 */
export function makeKey(
  db: Database,
  wish: { name: string; scopes: Scope[]; days?: number },
): { key: string; token: Token } {
  const name = wish.name.replace(/\s+/g, " ").trim();
  if (name === "" || name.length > MAX_NAME) {
    throw new ConfigError(`Name the key's use in 1 to ${MAX_NAME} characters.`);
  }
  const { days } = wish;
  return issueToken(db, {
    name,
    scopes: [...new Set(wish.scopes)],
    ...(days !== undefined && { expiresAt: Date.now() + days * DAY_MS }),
  });
}

/** A key as it is told of: without its hash. */
export function tokenLine({ id, name, hint, scopes, expiresAt, usedAt, createdAt }: Token) {
  return { id, name, hint, scopes, expiresAt, usedAt, createdAt };
}

/** Whether a text has the form of Selkie's keys; programs that need no key send any word. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** The token of a key, if it is valid now; its use is recorded. */
export function checkKey(db: Database, key: string, now = Date.now()): Token | undefined {
  const token = looksLikeKey(key) ? findToken(db, sha256(key)) : undefined;
  if (!token || (token.expiresAt !== null && token.expiresAt <= now)) return undefined;
  try {
    touchToken(db, token, now);
  } catch {
    // A full disk or a busy database is no reason to refuse who only reads.
  }
  return token;
}

/** Whether a token's holder may do what needs a scope. */
export function covers(token: Pick<Token, "scopes">, scope: Scope): boolean {
  return token.scopes.includes(scope) || token.scopes.includes("admin");
}
