import { sql } from "drizzle-orm";
import { integer, real } from "drizzle-orm/sqlite-core";

/** Milliseconds since 1970, set at insertion. */
export const createdAt = () =>
  integer("created_at")
    .notNull()
    .default(sql`(cast(round(unixepoch('subsec') * 1000) as integer))`);

/** What the training of an adapter was; tokens over all epochs. */
export const training = () => ({
  tokens: integer("tokens").notNull(),
  supervisedTokens: integer("supervised_tokens").notNull(),
  steps: integer("steps").notNull(),
  firstLoss: real("first_loss"),
  lastLoss: real("last_loss"),
  seconds: real("seconds").notNull(),
});
