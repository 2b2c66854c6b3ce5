import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { describeRoute, resolver, validator } from "hono-openapi";
import * as v from "valibot";
import type { Scope } from "../../db/tokens.ts";
import { RequestError } from "../errors.tsx";
import { explainIssue } from "../issue.ts";
import { ID } from "../params.ts";
import type { SiteEnv } from "../site.ts";

/** A row's id as it stands in an address. */
export const Id = v.object({
  id: v.pipe(v.string(), v.regex(ID), v.transform(Number)),
});

/** A whole number in a query. */
export const whole = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/),
    v.transform(Number),
    v.minValue(min),
    v.maxValue(max),
    v.description(`A whole number from ${min} to ${max}.`),
  );

/** Milliseconds since 1970. */
export const Time = v.pipe(v.number(), v.description("Milliseconds since 1970."));

/** Which stretch of a list is asked for. */
export const Stretch = v.object({
  limit: v.optional(whole(1, 500), "50"),
  offset: v.optional(whole(0, 1_000_000_000), "0"),
});

const Failure = v.object({
  error: v.object({
    code: v.string(),
    message: v.pipe(v.string(), v.description("One sentence for people, which says what to do.")),
    param: v.optional(v.string()),
  }),
});

/** What the document says of a route. */
interface Told {
  summary: string;
  tag: string;
  scope: Scope;
  /** What it answers with, and the status that it does so with. */
  answer: v.GenericSchema;
  status?: 200 | 201 | 202;
  /** It may have been there already, which is answered with 200. */
  again?: boolean;
  /** Another type than JSON. */
  media?: string;
}

/** Describes a route for the OpenAPI document. */
export function told({ summary, tag, scope, answer, status = 200, again, media }: Told) {
  const content = { [media ?? "application/json"]: { schema: resolver(answer) } };
  return describeRoute({
    summary,
    tags: [tag],
    security: [{ key: [scope] }],
    description: `Needs the scope \`${scope}\` where keys are needed.`,
    responses: {
      [status]: { description: "What was asked for.", content },
      ...(again && { 200: { description: "It was there already.", content } }),
      default: {
        description: "What went wrong.",
        content: { "application/json": { schema: resolver(Failure) } },
      },
    },
  });
}

/** Checks a part of a request. A refusal names what is wrong of it, and repeats nothing of what was sent. */
export function checked<S extends v.GenericSchema, T extends "json" | "query" | "param">(
  target: T,
  schema: S,
) {
  return validator(target, schema, (result) => {
    if (result.success) return;
    const issue = (result.error as v.BaseIssue<unknown>[])[0]!;
    if (target === "param")
      throw new RequestError(404, "There is nothing with such a name or number.");
    const { message, param } = explainIssue(issue);
    throw new RequestError(422, message, { param });
  });
}

/** Answers with what the document says: the compiler compares. */
export function send<S extends v.GenericSchema>(
  c: Context<SiteEnv>,
  _schema: S,
  data: v.InferInput<S>,
  status: ContentfulStatusCode = 200,
): Response {
  c.header("Cache-Control", "no-store");
  return c.json(data as object, status);
}

/** @throws RequestError 404 where there is none */
export function found<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new RequestError(404, `There is no such ${what}.`);
  return thing;
}
