/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { type Accepted, acceptAddress } from "../../agent/read/accept.ts";
import { ReadError } from "../../agent/read/errors.ts";
import { acceptText, acceptUpload } from "../../agent/read/inbox.ts";
import { type AddForm, AddSection } from "../../views/add.tsx";
import type { AddNote } from "../../views/types.ts";
import { startDemo } from "../demo.ts";
import { RequestError } from "../errors.tsx";
import { type Fields, readFields } from "../fields.ts";
import { wantsFragment } from "../page.ts";
import type { Site, SiteEnv } from "../site.ts";
import { addedNote, homePage } from "./home.tsx";

/** Longer titles are cut: a title is a line. */
const MAX_TITLE = 500;
/** Files of one form whose refusal is told one by one. */
const MAX_COMPLAINTS = 3;

/** What people hand in: addresses, files and texts. When it is acknowledged, it is recorded. */
export function handRoutes(app: Hono<SiteEnv>, site: Site): void {
  app.post("/sources", async (c) => {
    const fields = await readFields(c);
    const files = [fields.file ?? []].flat().filter((file) => isFile(file));
    const { note, form, job } =
      files.length > 1 ? await acceptFiles(site, files) : await accept(site, fields);
    if (wantsFragment(c)) {
      const { maxBytes } = site.instance.config.limits;
      return c.html(<AddSection note={note} maxBytes={maxBytes} open={form} />);
    }
    if (!job) return homePage(c, site, { note });
    const again = job.added ? "" : "&again=1";
    return c.redirect(`/?queued=${job.job.id}${again}#add`, 303);
  });

  app.post("/demo", (c) => {
    if (!startDemo(site.instance)) {
      throw new RequestError(
        422,
        "The demo news is for an empty instance with the embedded model, and this is not one.",
      );
    }
    return c.redirect("/", 303);
  });
}

interface Answer {
  note: AddNote;
  form: AddForm;
  /** What stands for it, if it is one thing. */
  job?: Accepted;
}

async function accept(site: Site, fields: Fields): Promise<Answer> {
  const { db, home, config } = site.instance;
  const title = line(fields.title);
  const { url, file, text } = fields;
  const answer = (job: Accepted, name: string, form: AddForm): Answer => ({
    note: addedNote(name, job.added),
    form,
    job,
  });
  if (typeof url === "string" && url.trim() !== "") {
    return answer(acceptAddress(db, url), url.trim(), "url");
  }
  const upload = [file ?? []].flat().find(isFile);
  if (upload) {
    const name = line(upload.name) ?? "the file";
    const bytes = new Uint8Array(await upload.arrayBuffer());
    return answer(acceptUpload(db, home, { name, bytes, title }, config.limits), name, "file");
  }
  if (typeof text === "string" && text.trim() !== "") {
    const job = acceptText(db, home, { text, title }, config.limits);
    return answer(job, title ?? "pasted text", "text");
  }
  throw new RequestError(422, "Nothing was handed in: give an address, a file or some text.");
}

/** Takes in many files; one that is refused does not hold up the others. */
async function acceptFiles(site: Site, files: File[]): Promise<Answer> {
  const { db, home, config } = site.instance;
  const refused: string[] = [];
  let queued = 0;
  let known = 0;
  for (const file of files) {
    const name = line(file.name) ?? "a file";
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const { added } = acceptUpload(db, home, { name, bytes }, config.limits);
      if (added) queued += 1;
      else known += 1;
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      refused.push(error.message);
    }
    // Each waits for the disk: what else is to be done goes on in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (queued + known === 0) throw new RequestError(422, refused.slice(0, MAX_COMPLAINTS).join(" "));
  const more = refused.length - MAX_COMPLAINTS;
  const message = [
    `Queued: ${queued} files`,
    known > 0 ? `in the queue already: ${known}` : "",
    refused.length > 0 ? `refused: ${refused.slice(0, MAX_COMPLAINTS).join(" ")}` : "",
    more > 0 ? `and ${more} more` : "",
  ];
  const kind = refused.length > 0 ? "warning" : "added";
  return { note: { kind, message: message.filter(Boolean).join("; ") }, form: "file" };
}

function isFile(value: unknown): value is File {
  return value instanceof File && (value.name !== "" || value.size > 0);
}

function line(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return value.replace(/\s+/g, " ").trim().slice(0, MAX_TITLE) || undefined;
}
