import { eq } from "drizzle-orm";
import type { Database } from "./open.ts";
import { settings } from "./schema.ts";

/** The value stored under `key`, unchecked: what reads it validates it. */
export function getSetting(db: Database, key: string): unknown {
  return db.select().from(settings).where(eq(settings.key, key)).get()?.value;
}

/** Stores a value that JSON can hold. */
export function setSetting(db: Database, key: string, value: NonNullable<unknown>): void {
  db.insert(settings)
    .values({ key, value })
    .onConflictDoUpdate({ target: settings.key, set: { value } })
    .run();
}

export function deleteSetting(db: Database, key: string): void {
  db.delete(settings).where(eq(settings.key, key)).run();
}

/** Every setting, by key. */
export function allSettings(db: Database): Record<string, unknown> {
  const rows = db.select().from(settings).all();
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}
