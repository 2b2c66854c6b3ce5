import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { acceptAddress } from "../../agent/read/accept.ts";
import { acceptText } from "../../agent/read/inbox.ts";
import { searchPassages } from "../../db/search.ts";
import type { Scope } from "../../db/tokens.ts";
import { answerQuestion, Question } from "../api/ask.ts";
import { queued } from "../api/queued.ts";
import type { Instance } from "../instance.ts";
import { explainIssue } from "../issue.ts";

/** What another program's model can have done here. */
export interface Tool {
  name: string;
  description: string;
  scope: Scope;
  /** Whether it only looks. */
  readOnly: boolean;
  inputSchema: { type: "object" };
  /** @throws ToolError, RequestError, ReadError, GeneratorError: all with a sentence */
  run(instance: Instance, input: unknown, signal: AbortSignal): Promise<unknown>;
}

/** An input that cannot be used. */
export class ToolError extends Error {}

function tool<S extends v.GenericSchema<unknown, object>>(
  about: Pick<Tool, "name" | "description" | "scope" | "readOnly">,
  schema: S,
  run: (instance: Instance, input: v.InferOutput<S>, signal: AbortSignal) => Promise<unknown>,
): Tool {
  const { $schema: _, ...inputSchema } = toJsonSchema(schema, {
    typeMode: "input",
    errorMode: "ignore",
  });
  return {
    ...about,
    inputSchema: inputSchema as { type: "object" },
    run: async (instance, input, signal) => {
      const checked = v.safeParse(schema, input);
      if (!checked.success) throw new ToolError(explainIssue(checked.issues[0]).message);
      return run(instance, checked.output, signal);
    },
  };
}

export const TOOLS: readonly Tool[] = [
  tool(
    {
      name: "search",
      description:
        "Search the passages that Selkie has read, by words. Returns the passages' text, their source, and whether each was learned.",
      scope: "read",
      readOnly: true,
    },
    v.object({
      query: v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(1000)),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(20)), 5),
    }),
    async ({ db }, { query, limit }) => ({
      passages: searchPassages(db, query, limit).map(({ id, title, text, decision }) => ({
        id,
        title,
        text,
        decision,
      })),
    }),
  ),
  tool(
    {
      name: "ask",
      description:
        "Ask Selkie's model a question. It answers from its weights alone, without looking anything up, and may be wrong: `search` finds what was read.",
      scope: "chat",
      readOnly: true,
    },
    v.object(Question.entries),
    (instance, input, signal) => answerQuestion(instance, input, signal),
  ),
  tool(
    {
      name: "add_document",
      description:
        "Hand Selkie a text, or the address of a page, to read and to learn. It is read within seconds and learned when its turn comes.",
      scope: "write",
      readOnly: false,
    },
    v.object({
      text: v.pipe(v.optional(v.string()), v.description("the text itself, or else url")),
      url: v.pipe(v.optional(v.pipe(v.string(), v.trim())), v.description("http or https")),
      title: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(500))),
    }),
    async ({ db, home, config }, { text, url, title }) => {
      if ((text === undefined) === (url === undefined)) {
        throw new ToolError("Give either a text or a url.");
      }
      return queued(
        url !== undefined
          ? acceptAddress(db, url, title)
          : acceptText(db, home, { text: text!, title }, config.limits),
      );
    },
  ),
];
