import { sql } from "drizzle-orm";
import { integer } from "drizzle-orm/sqlite-core";

/** Milliseconds since 1970, set at insertion. */
export const createdAt = () =>
  integer("created_at")
    .notNull()
    .default(sql`(cast(round(unixepoch('subsec') * 1000) as integer))`);
