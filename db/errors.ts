/** Why the database could not be used, for programs; the message is for people. */
export type DatabaseErrorCode = "unreadable" | "corrupt" | "foreign" | "newer" | "full" | "busy";

/** A failure of the database file itself, told in one sentence that says what to do. */
export class DatabaseError extends Error {
  constructor(
    readonly code: DatabaseErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "DatabaseError";
  }
}

/** System and SQLite codes that mean that no more can be written here. */
const FULL = new Set(["SQLITE_FULL", "ENOSPC", "EDQUOT"]);
/** How far a chain of causes is followed. */
const MAX_CAUSES = 8;

/** Whether an error, or what caused it, is a full disk or an exhausted quota. */
export function isDiskFull(error: unknown): boolean {
  for (const code of codes(error)) {
    if (code === "full" || FULL.has(code)) return true;
  }
  return false;
}

/**
 * Puts SQLite's own failures into words; any other error is returned as it is.
 * @param path the database file, as people know it
 */
export function explainDatabaseError(error: unknown, path: string): unknown {
  if (error instanceof DatabaseError || !isSqliteError(error)) return error;
  const options = { cause: error };
  const code = error.code;
  if (code === "SQLITE_FULL") {
    return new DatabaseError(
      "full",
      `The disk that holds ${path} is full: free some space there, and start again; nothing that was recorded is lost.`,
      options,
    );
  }
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    return new DatabaseError(
      "corrupt",
      `The database ${path} is damaged or not a database: restore it from a backup, or move it away to start afresh.`,
      options,
    );
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new DatabaseError(
      "busy",
      `The database ${path} is locked by another process: wait until it has finished, or stop it, and try again.`,
      options,
    );
  }
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH|IOERR)/.test(code)) {
    return new DatabaseError(
      "unreadable",
      `The database ${path} cannot be read and written (${error.message}): check that the folder exists, that its permissions let you write, and that the disk is healthy.`,
      options,
    );
  }
  return error;
}

function isSqliteError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_");
}

function* codes(error: unknown): Generator<string> {
  let current = error;
  for (let i = 0; i < MAX_CAUSES && current instanceof Error; i++) {
    if ("code" in current) yield String(current.code);
    current = current.cause;
  }
}
