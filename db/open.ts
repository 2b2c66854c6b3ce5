import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { type BetterSQLite3Database, drizzle } from "drizzle-orm/better-sqlite3";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { DatabaseError, explainDatabaseError } from "./errors.ts";
import * as schema from "./schema.ts";

/** One connection to an instance's database; every query function takes it first. */
export type Database = BetterSQLite3Database<typeof schema> & { $client: Sqlite.Database };

/** How long a statement waits for another process's transaction, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;
const MIGRATIONS = join(import.meta.dir, "migrations");
/** Where drizzle-kit's own migrator keeps its log; the format is its own, too. */
const LOG = "__drizzle_migrations";

/**
 * Opens (and creates) the database at `path` and brings its schema up to date.
 * Several processes may have it open at once.
 * @param beforeMigration called before a database that has something is changed; if it throws, nothing is
 * @throws DatabaseError when the file cannot be used: unreadable, damaged, of another program,
 * written by a newer Selkie, locked for too long, or on a full disk
 */
export function openDatabase(path: string, beforeMigration: () => void = () => {}): Database {
  let client: Sqlite.Database | undefined;
  try {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    client = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
    configure(client);
    migrate(client, path, beforeMigration);
    // Migrations may rebuild a table that others refer to, so references are enforced from here.
    client.pragma("foreign_keys = ON");
    return drizzle({ client, schema });
  } catch (error) {
    client?.close();
    if (error instanceof Error && "syscall" in error) {
      throw new DatabaseError(
        "unreadable",
        `The folder ${dirname(path)} cannot be made (${error.message}): choose another SELKIE_HOME, or change its permissions.`,
        { cause: error },
      );
    }
    throw explainDatabaseError(error, path);
  }
}

/** Closes the connection; what was committed stays. Closing twice is harmless. */
export function closeDatabase(db: Database): void {
  if (db.$client.open) db.$client.close();
}

/**
 * Runs `work` as one transaction that begins with the write lock, so that what it reads cannot
 * change before it writes. Query functions called inside with `db` are part of it; a call within a
 * call is a savepoint. `work` must not be asynchronous.
 * @throws DatabaseError when SQLite itself fails; whatever `work` throws, after rolling back
 */
export function transaction<T>(db: Database, work: () => T): T {
  try {
    return db.$client.transaction(work).immediate();
  } catch (error) {
    throw explainDatabaseError(error, db.$client.name);
  }
}

function configure(client: Sqlite.Database): void {
  // Readers (the pages) never wait for the loop's writes.
  client.pragma("journal_mode = WAL");
  // NORMAL would survive kill -9, but a power cut could undo the last commits, and what was
  // acknowledged must stay. Commits are few here: one fsync each is not felt.
  client.pragma("synchronous = FULL");
}

/** Applies what is missing in one transaction; a second process waits for it, then finds nothing to do. */
function migrate(client: Sqlite.Database, path: string, beforeMigration: () => void): void {
  const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS });
  const newest = migrations.at(-1)!.folderMillis;
  const table = client.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  const last = () =>
    table.get(LOG)
      ? (client.prepare(`SELECT max(created_at) AS at FROM ${LOG}`).get() as { at: number | null })
          .at
      : null;

  const before = last();
  if (before === newest) return;
  if (before !== null && before < newest) beforeMigration();
  client
    .transaction(() => {
      const applied = last();
      if (applied === null && client.prepare("SELECT 1 FROM sqlite_schema").get()) {
        throw new DatabaseError(
          "foreign",
          `The database ${path} belongs to another program: choose another SELKIE_HOME, or move the file away.`,
        );
      }
      if (applied !== null && applied > newest) {
        throw new DatabaseError(
          "newer",
          `The database ${path} was written by a newer Selkie: update this one, or use another SELKIE_HOME.`,
        );
      }
      client.exec(
        `CREATE TABLE IF NOT EXISTS ${LOG} (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric)`,
      );
      const record = client.prepare(`INSERT INTO ${LOG} (hash, created_at) VALUES (?, ?)`);
      for (const migration of migrations) {
        if (applied !== null && migration.folderMillis <= applied) continue;
        for (const statement of migration.sql) client.exec(statement);
        record.run(migration.hash, migration.folderMillis);
      }
    })
    .immediate();
}
