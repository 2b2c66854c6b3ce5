/** @jsxImportSource hono/jsx */
/** @jsxImportSource hono/jsx */
import type { Context, Hono } from "hono";
import { endSession, endSessions, listSessions } from "../../db/sessions.ts";
import { AccessPage, SIGN_IN_NOTES, type SignInNote, SignInPage } from "../../views/sign-in.tsx";
import { isOpen } from "../access.ts";
import { RequestError } from "../errors.tsx";
import { type Fields, readFields } from "../fields.ts";
import { ConfigError } from "../knob.ts";
import { page } from "../page.ts";
import { tryPassword } from "../sign-in/attempt.ts";
import { clientOf } from "../sign-in/client.ts";
import { hasPassword, MIN_PASSWORD, setPassword } from "../sign-in/password.ts";
import { beginSession, dropSession } from "../sign-in/session.ts";
import type { Site, SiteEnv } from "../site.ts";

/** The way in and out for people: with a password, where one is set. */
export function signInRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { instance } = site;
  const { db, config } = instance;

  const ask = (c: Context<SiteEnv>, next: string, note?: SignInNote) => {
    c.header("Cache-Control", "no-store");
    const status = note === "wrong" ? 401 : note === "too-often" ? 429 : 200;
    return page(c, <SignInPage next={next} note={note} />, status);
  };

  app.get("/sign-in", (c) => {
    const next = localPath(c.req.query("next"), c.req.url);
    if (isOpen(instance) || c.get("session")) return c.redirect(next, 303);
    if (!hasPassword(db)) return ask(c, next, "no-password");
    return ask(c, next, c.req.query("out") === "1" ? "signed-out" : undefined);
  });

  app.post("/sign-in", async (c) => {
    const fields = await readFields(c);
    const next = localPath(textOf(fields.next), c.req.url);
    if (isOpen(instance)) return c.redirect(next, 303);
    if (!hasPassword(db)) return ask(c, next, "no-password");
    const client = clientOf(c, config);
    const result = await tryPassword(db, textOf(fields.password), client.address);
    if (result !== "right") return ask(c, next, result);
    beginSession(c, db, client);
    return c.redirect(next, 303);
  });

  app.post("/sign-out", (c) => {
    const session = c.get("session");
    if (session) endSession(db, session.id);
    dropSession(c);
    return c.redirect("/sign-in?out=1", 303);
  });

  const show = (c: Context<SiteEnv>, note?: { bad: boolean; text: string }) => {
    c.header("Cache-Control", "no-store");
    const own = c.get("session")?.id;
    const sessions = listSessions(db).map(({ id, address, agent, createdAt, seenAt }) => ({
      id,
      address,
      agent,
      since: createdAt,
      seen: seenAt,
      here: id === own,
    }));
    const named = config.password !== undefined;
    const { model } = config;
    const facts = { sessions, least: MIN_PASSWORD, named, model, ...(note && { note }) };
    return page(c, <AccessPage {...facts} />, note?.bad ? 422 : 200);
  };

  app.get("/access", (c) => {
    if (isOpen(instance)) return c.redirect("/", 303);
    return show(c, NOTES[c.req.query("done") ?? ""]);
  });

  app.post("/access/sign-out", (c) => {
    endSessions(db);
    dropSession(c);
    return c.redirect("/sign-in?out=1", 303);
  });

  app.post("/access/password", async (c) => {
    const fields = await readFields(c);
    if (config.password !== undefined) {
      throw new RequestError(409, "The environment says what the password is: change it there.");
    }
    // Whoever finds an open browser may try no more passwords than anybody else.
    const { address } = clientOf(c, config);
    const result = await tryPassword(db, textOf(fields.old), address);
    if (result !== "right") return show(c, { bad: true, text: SIGN_IN_NOTES[result] });
    try {
      await setPassword(db, textOf(fields.new), c.get("session")?.id);
    } catch (error) {
      if (error instanceof ConfigError) return show(c, { bad: true, text: error.message });
      throw error;
    }
    return c.redirect("/access?done=password", 303);
  });
}

const NOTES: Record<string, { bad: boolean; text: string }> = {
  password: { bad: false, text: "The password is changed, and all others are signed out." },
};

function textOf(field: Fields[string] | undefined): string {
  return typeof field === "string" ? field : "";
}

/** A path of this site to go on at; whatever leads elsewhere becomes the overview. */
function localPath(wish: string | undefined, here: string): string {
  if (!wish || !URL.canParse(wish, here)) return "/";
  const { origin, pathname, search } = new URL(wish, here);
  const own = origin === new URL(here).origin && !pathname.startsWith("//");
  return own && !pathname.startsWith("/sign-in") ? pathname + search : "/";
}
