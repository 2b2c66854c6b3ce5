import type { Context } from "hono";
import * as v from "valibot";
import { RequestError } from "../errors.tsx";
import { explainIssue } from "../issue.ts";
import type { SiteEnv } from "../site.ts";
import { UNSUPPORTED } from "./schemas.ts";

/**
 * Reads and checks what a client sent. What is not known is left aside, as OpenAI's own servers do;
 * what is known and cannot be done is refused.
 * @throws RequestError 400
 */
export async function readRequest<T extends v.GenericSchema>(
  c: Context<SiteEnv>,
  schema: T,
): Promise<v.InferOutput<T>> {
  const body: unknown = await c.req.json().catch((error: unknown) => {
    if (error instanceof RequestError) throw error;
    throw new RequestError(400, "The request's body is no JSON.", { code: "invalid-json" });
  });
  const result = v.safeParse(schema, body, { abortPipeEarly: true });
  if (!result.success) {
    const { message, param } = explainIssue(result.issues[0]);
    throw new RequestError(400, message, { code: "invalid-value", param });
  }
  for (const [param, isHarmless] of Object.entries(UNSUPPORTED)) {
    const value = (body as Record<string, unknown>)[param];
    if (value === undefined || value === null || isHarmless(value)) continue;
    throw new RequestError(400, `${param} is not supported here: leave it out.`, {
      code: "unsupported-parameter",
      param,
    });
  }
  return result.output;
}
