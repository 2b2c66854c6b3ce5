import { asc, count, desc, eq, inArray, sql } from "drizzle-orm";
import { type Database, transaction } from "./open.ts";
import { answers, conversations, turns } from "./schema.ts";
import { wordsOf } from "./search.ts";

export type { CoveringProbe, LookedUp, OpenedPassage } from "./schema/conversations.ts";

export type Conversation = typeof conversations.$inferSelect;
export type Answer = typeof answers.$inferSelect;
/** A question with its answers. */
export type Turn = typeof turns.$inferSelect & { answers: Answer[] };
export type AskMode = Turn["mode"];
export type Arm = Answer["arm"];

/** A conversation in a list. */
export interface ConversationLine extends Conversation {
  questions: number;
  /** Of one that was searched for: the words around what was found. */
  found?: string;
}

/** Words around what a search found. */
const SNIPPET_WORDS = 24;

export function addConversation(
  db: Database,
  { title, versionId }: Pick<Conversation, "title" | "versionId">,
  now = Date.now(),
): Conversation {
  return transaction(db, () => {
    const conversation = db
      .insert(conversations)
      .values({ title, versionId, lastAt: now })
      .returning()
      .get();
    makeSearchable(db, conversation.id);
    return conversation;
  });
}

export function getConversation(db: Database, id: number): Conversation | undefined {
  return db.select().from(conversations).where(eq(conversations.id, id)).get();
}

export function countConversations(db: Database): number {
  return db.select({ n: count() }).from(conversations).get()!.n;
}

/** A stretch of the conversations, the one that something was asked in last coming first. */
export function listConversations(
  db: Database,
  { limit, offset = 0 }: { limit: number; offset?: number },
): ConversationLine[] {
  const list = db
    .select()
    .from(conversations)
    .orderBy(desc(conversations.lastAt), desc(conversations.id))
    .limit(limit)
    .offset(offset)
    .all();
  return withQuestions(db, list);
}

/** The conversations in which all words of a query occur, the best first (BM25; a title counts thrice). */
export function searchConversations(
  db: Database,
  query: string,
  limit: number,
): ConversationLine[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const match = words.map((word) => `"${word}"*`).join(" AND ");
  const rows = db.all<{ id: number; found: string }>(sql`
    SELECT rowid AS id, snippet(conversations_search, 1, '', '', '…', ${SNIPPET_WORDS}) AS found
    FROM conversations_search WHERE conversations_search MATCH ${match}
    ORDER BY bm25(conversations_search, 3.0, 1.0) LIMIT ${limit}`);
  const ids = rows.map(({ id }) => id);
  const list = db.select().from(conversations).where(inArray(conversations.id, ids)).all();
  const byId = new Map(withQuestions(db, list).map((line) => [line.id, line]));
  return rows.flatMap(({ id, found }) => {
    const line = byId.get(id);
    return line ? { ...line, found } : [];
  });
}

/** Names a conversation, or lets another version answer in it from now on. */
export function changeConversation(
  db: Database,
  id: number,
  change: Partial<Pick<Conversation, "title" | "versionId">>,
): void {
  transaction(db, () => {
    if (Object.keys(change).length === 0) return;
    db.update(conversations).set(change).where(eq(conversations.id, id)).run();
    makeSearchable(db, id);
  });
}

/** Deletes a conversation with all that was said in it. What people said of answers stays. */
export function deleteConversation(db: Database, id: number): void {
  transaction(db, () => {
    db.delete(conversations).where(eq(conversations.id, id)).run();
    makeSearchable(db, id);
  });
}

/** Adds a question, and an empty answer for each who is asked, in this order. */
export function addTurn(
  db: Database,
  turn: Pick<Turn, "conversationId" | "question" | "mode">,
  asked: { arm: Arm; versionId: number }[],
  now = Date.now(),
): Turn {
  return transaction(db, () => {
    const row = db.insert(turns).values(turn).returning().get();
    const rows = asked.map((answer) => ({ turnId: row.id, ...answer }));
    const list = db.insert(answers).values(rows).returning().all();
    const { conversationId } = turn;
    db.update(conversations).set({ lastAt: now }).where(eq(conversations.id, conversationId)).run();
    makeSearchable(db, conversationId);
    return { ...row, answers: list };
  });
}

/** The questions of a conversation with their answers, in the order in which they were asked. */
export function listTurns(db: Database, conversationId: number): Turn[] {
  const list = db
    .select()
    .from(turns)
    .where(eq(turns.conversationId, conversationId))
    .orderBy(asc(turns.id))
    .all();
  return withAnswers(db, list);
}

export function getTurn(db: Database, id: number): Turn | undefined {
  return withAnswers(db, db.select().from(turns).where(eq(turns.id, id)).all())[0];
}

export function getAnswer(db: Database, id: number): Answer | undefined {
  return db.select().from(answers).where(eq(answers.id, id)).get();
}

/** Writes down what became of an answer; nothing where its conversation was deleted meanwhile. */
export function changeAnswer(
  db: Database,
  id: number,
  change: Partial<Omit<Answer, "id" | "turnId" | "arm">>,
): void {
  transaction(db, () => {
    const row = db.update(answers).set(change).where(eq(answers.id, id)).returning().get();
    if (row && change.state) makeSearchable(db, conversationOf(db, row.turnId));
  });
}

/** Records what the passages said to a question. */
export function saveLookedUp(
  db: Database,
  turnId: number,
  lookedUp: NonNullable<Turn["lookedUp"]>,
): void {
  db.update(turns).set({ lookedUp }).where(eq(turns.id, turnId)).run();
}

/** Marks the answers that a process which is gone left incomplete. */
export function cutAnswers(db: Database): void {
  db.update(answers).set({ state: "cut" }).where(eq(answers.state, "writing")).run();
}

function conversationOf(db: Database, turnId: number): number {
  return db.select({ id: turns.conversationId }).from(turns).where(eq(turns.id, turnId)).get()!.id;
}

/** Puts what a conversation is found by in step with what is said in it. */
function makeSearchable(db: Database, id: number): void {
  db.run(sql`DELETE FROM conversations_search WHERE rowid = ${id}`);
  db.run(sql`
    INSERT INTO conversations_search(rowid, title, said)
    SELECT c.id, c.title, coalesce((
      SELECT group_concat(t.question || char(10) || coalesce((
        SELECT group_concat(a.text, char(10)) FROM answers a WHERE a.turn_id = t.id), ''), char(10))
      FROM turns t WHERE t.conversation_id = c.id), '')
    FROM conversations c WHERE c.id = ${id}`);
}

function withQuestions(db: Database, list: Conversation[]): ConversationLine[] {
  const ids = list.map(({ id }) => id);
  const rows = db
    .select({ id: turns.conversationId, n: count() })
    .from(turns)
    .where(inArray(turns.conversationId, ids))
    .groupBy(turns.conversationId)
    .all();
  const counts = new Map(rows.map(({ id, n }) => [id, n]));
  return list.map((it) => ({ ...it, questions: counts.get(it.id) ?? 0 }));
}

function withAnswers(db: Database, list: (typeof turns.$inferSelect)[]): Turn[] {
  const ids = list.map(({ id }) => id);
  const rows: Answer[] = [];
  // In chunks: a statement has a bounded number of parameters.
  for (let i = 0; i < ids.length; i += 1000) {
    const chunk = inArray(answers.turnId, ids.slice(i, i + 1000));
    rows.push(...db.select().from(answers).where(chunk).orderBy(asc(answers.id)).all());
  }
  const byTurn = Map.groupBy(rows, ({ turnId }) => turnId);
  return list.map((it) => ({ ...it, answers: byTurn.get(it.id) ?? [] }));
}
