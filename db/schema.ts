/** The tables, by what they are for. */
export * from "./schema/access.ts";
export * from "./schema/conversations.ts";
export * from "./schema/experiments.ts";
export * from "./schema/journal.ts";
export * from "./schema/learning.ts";
export * from "./schema/lineage.ts";
export * from "./schema/memory.ts";
export * from "./schema/reading.ts";
export * from "./schema/skills.ts";
export * from "./schema/triage.ts";
export * from "./schema/writer.ts";
