import type { Context } from "hono";
import { RequestError } from "./errors.tsx";
import type { SiteEnv } from "./site.ts";

/** What a form sent; a name that came several times has a list. */
export type Fields = Record<string, string | File | (string | File)[]>;

/** The fields of a form. @throws RequestError where there is none, or too much */
export async function readFields(c: Context<SiteEnv>): Promise<Fields> {
  try {
    return await c.req.parseBody({ all: true });
  } catch (error) {
    // The limit on the size shows while the body is read.
    if (error instanceof RequestError) throw error;
    throw new RequestError(400, "The form could not be read: reload the page and send it again.");
  }
}
