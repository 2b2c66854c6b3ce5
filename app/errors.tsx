/** @jsxImportSource hono/jsx */
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { GeneratorError } from "../agent/generator/types.ts";
import { ModelError } from "../agent/jobs/trouble.ts";
import { ReadError } from "../agent/read/errors.ts";
import { TaskError } from "../agent/skills/task.ts";
import { DatabaseError, explainDatabaseError, isDiskFull } from "../db/errors.ts";
import { TrainerError } from "../trainer/types.ts";
import { type ErrorFacts, ErrorFragment, ErrorPage } from "../views/error.tsx";
import { ModelChoiceError } from "./models.ts";
import { openaiError } from "./openai/error.ts";
import { page } from "./page.ts";
import { isForPrograms } from "./programs.ts";
import type { SiteEnv } from "./site.ts";

const logger = getLogger(["selkie", "http"]);

/** What was asked for cannot be done; told in one sentence that says what to do. */
export class RequestError extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 422,
    message: string,
    /** For programs: what is wrong, where the status does not say it, and which part of the request. */
    readonly about: { code?: string; param?: string } = {},
  ) {
    super(message);
    this.name = "RequestError";
  }
}

/** What programs are told: a code, the sentence for people, and the part of the request that is wrong. */
export interface ProgramError {
  code: string;
  message: string;
  param: string | undefined;
}

const TITLES: Record<number, string> = {
  400: "That could not be understood",
  401: "That needs a key",
  403: "Not from here",
  404: "There is nothing here",
  409: "That does not go together",
  413: "That is too large",
  422: "That cannot be read",
  503: "Not just now",
  507: "The disk is full",
};

const MESSAGES: Record<number, string> = {
  400: "The request could not be read: send what the documentation says, with its Content-Type.",
  403: "The request did not come from Selkie's own pages: reload the page and try again.",
  404: "There is no such page: it may have been a passage of another instance.",
};

/** Puts a failure into words for people; what they were not written for stays in the log. */
export function explainError(error: unknown, database: string): ErrorFacts {
  const known = explainDatabaseError(error, database);
  const [status, message] = classify(known);
  return {
    status,
    title: TITLES[status] ?? "Something went wrong",
    message:
      message ??
      MESSAGES[status] ??
      "Something went wrong that should not have; the terminal that Selkie runs in says more.",
  };
}

const CHOICES = { "no-model": 404, unusable: 422, named: 409, "in-use": 409 } as const;

function classify(error: unknown): [status: number, message?: string] {
  if (error instanceof RequestError) return [error.status, error.message];
  if (error instanceof HTTPException) return [error.status];
  if (error instanceof ReadError) {
    return [error.code === "too-large" ? 413 : 422, error.message];
  }
  if (error instanceof TaskError) return [422, error.message];
  if (error instanceof ModelChoiceError) return [CHOICES[error.code], error.message];
  if (isDiskFull(error)) {
    return [
      507,
      "The disk that holds Selkie's data is full: free some space there, and try again.",
    ];
  }
  if (error instanceof DatabaseError) return [error.code === "busy" ? 503 : 500, error.message];
  if (error instanceof GeneratorError && error.code === "prompt-too-long") {
    return [422, error.message];
  }
  if (error instanceof GeneratorError && error.code === "no-embeddings") {
    return [400, error.message];
  }
  const model = [GeneratorError, ModelError, TrainerError].some((kind) => error instanceof kind);
  return model ? [503, (error as Error).message] : [500];
}

/** Codes of failures that have none of their own. */
const CODES: Record<number, string> = {
  400: "bad-request",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  413: "too-large",
  422: "invalid",
  503: "unavailable",
  507: "disk-full",
};

/** A failure as programs are told of it. */
export function programError(error: unknown, facts: ErrorFacts): ProgramError {
  const { status, message } = facts;
  const own = error instanceof Error && "code" in error ? error.code : undefined;
  const about = error instanceof RequestError ? error.about : {};
  // What was not written for people stays in the log, and its code with it.
  const code = about.code ?? (status !== 500 && typeof own === "string" ? own : undefined);
  return { code: code ?? CODES[status] ?? "internal", message, param: about.param };
}

/** Answers with a page, or with a fragment where a part of a page asked. */
export function errorResponse(c: Context<SiteEnv>, error: unknown, database: string): Response {
  const facts = explainError(error, database);
  if (facts.status === 500) logger.error("{method} {path} failed: {error}", logged(c, error));
  return respond(c, error, facts);
}

export function notFound(c: Context<SiteEnv>): Response {
  const error = new HTTPException(404);
  return respond(c, error, explainError(error, ""));
}

function respond(c: Context<SiteEnv>, error: unknown, facts: ErrorFacts): Response {
  c.header("Cache-Control", "no-store");
  const status = facts.status as 404;
  const { path } = c.req;
  if (path.startsWith("/v1/"))
    return c.json(openaiError(programError(error, facts), status), status);
  if (isForPrograms(path)) return c.json({ error: programError(error, facts) }, status);
  if (c.req.header("hx-request")) return c.html(String(<ErrorFragment error={facts} />), status);
  return page(c, <ErrorPage error={facts} />, status);
}

function logged(c: Context<SiteEnv>, error: unknown) {
  const { method, path } = c.req;
  return { method, path, error: error instanceof Error ? (error.stack ?? error.message) : error };
}
