import type { Context, Hono } from "hono";
import { type Accepted, acceptAddress } from "../../agent/read/accept.ts";
import { acceptText, acceptUpload } from "../../agent/read/inbox.ts";
import { type AddForm, AddSection } from "../../views/add.tsx";
import { queueDemo } from "../demo.ts";
import { RequestError } from "../errors.tsx";
import { wantsFragment } from "../page.ts";
import type { Site, SiteEnv } from "../site.ts";
import { addedNote } from "./home.tsx";

/** Longer titles are cut: a title is a line. */
const MAX_TITLE = 500;

type Fields = Record<string, string | File>;

/** What people hand in: an address, a file or a text. When it is acknowledged, it is recorded. */
export function sourceRoutes(app: Hono<SiteEnv>, site: Site): void {
  app.post("/sources", async (c) => {
    const fields = await readFields(c);
    const { accepted, name, form } = await accept(site, fields);
    if (!wantsFragment(c)) {
      const again = accepted.added ? "" : "&again=1";
      return c.redirect(`/?queued=${accepted.job.id}${again}#add`, 303);
    }
    const { maxBytes } = site.instance.config.limits;
    const note = addedNote(name, accepted.added);
    return c.html(<AddSection note={note} maxBytes={maxBytes} open={form} />);
  });

  app.post("/demo", async (c) => {
    if (!(await queueDemo(site.instance))) {
      throw new RequestError(
        422,
        "The demo news is for an empty instance with the embedded model, and this is not one.",
      );
    }
    return c.redirect("/", 303);
  });
}

async function accept(
  site: Site,
  fields: Fields,
): Promise<{ accepted: Accepted; name: string; form: AddForm }> {
  const { db, home, config } = site.instance;
  const title = line(fields.title);
  const { url, file, text } = fields;
  if (typeof url === "string" && url.trim() !== "") {
    return { accepted: acceptAddress(db, url), name: url.trim(), form: "url" };
  }
  if (file instanceof File && (file.name !== "" || file.size > 0)) {
    const name = line(file.name) ?? "the file";
    const bytes = new Uint8Array(await file.arrayBuffer());
    const accepted = acceptUpload(db, home, { name, bytes, title }, config.limits);
    return { accepted, name, form: "file" };
  }
  if (typeof text === "string" && text.trim() !== "") {
    const accepted = acceptText(db, home, { text, title }, config.limits);
    return { accepted, name: title ?? "pasted text", form: "text" };
  }
  throw new RequestError(422, "Nothing was handed in: give an address, a file or some text.");
}

async function readFields(c: Context<SiteEnv>): Promise<Fields> {
  try {
    return await c.req.parseBody();
  } catch (error) {
    // The limit on the size shows while the body is read.
    if (error instanceof RequestError) throw error;
    throw new RequestError(400, "The form could not be read: reload the page and send it again.");
  }
}

function line(value: string | File | undefined): string | undefined {
  if (typeof value !== "string") return undefined;
  return value.replace(/\s+/g, " ").trim().slice(0, MAX_TITLE) || undefined;
}
