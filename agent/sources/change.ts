import type { Database } from "../../db/open.ts";
import { changeSource, type SourceChange } from "../../db/sources.ts";
import { trustSource } from "../triage/priority.ts";

/** Changes what people wish of a source; with its trust, the place of all that waits of it. */
export function changeWishes(db: Database, id: number, wishes: SourceChange): void {
  if (wishes.trust) trustSource(db, id, wishes.trust);
  changeSource(db, id, wishes);
}
