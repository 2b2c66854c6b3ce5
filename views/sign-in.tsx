/** @jsxImportSource hono/jsx */
/** @jsxImportSource hono/jsx */
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

/** Why nobody was let in, or what happened before. */
export type SignInNote = "wrong" | "too-often" | "no-password" | "signed-out";

export const SIGN_IN_NOTES: Record<SignInNote, string> = {
  wrong: "That is not the password.",
  "too-often": "Wrong passwords were given too often: wait a quarter of an hour, and try again.",
  "no-password": "No password is set, so nobody can sign in: set one with `selkie password`.",
  "signed-out": "You are signed out.",
};

/** Asks for the password. */
export function SignInPage(props: { next: string; note?: SignInNote }) {
  const { next, note } = props;
  return (
    <Layout title="Sign in · Selkie" class="sign-in">
      <h1>Sign in</h1>
      {note && (
        <p class={note === "signed-out" ? "note" : "note note-error"} role="alert">
          {SIGN_IN_NOTES[note]}
        </p>
      )}
      <form method="post" action="/sign-in" class="sign-in-form">
        <input type="hidden" name="next" value={next} />
        {/* Password keepers look for a name. */}
        <input type="text" name="username" value="selkie" autocomplete="username" hidden />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
        />
        <button type="submit">Sign in</button>
      </form>
      <p class="quiet">
        Whoever runs this Selkie sets the password, with <code>selkie password</code>. Programs use
        keys in its place.
      </p>
    </Layout>
  );
}

/** A browser that is signed in. */
export interface SessionLine {
  id: number;
  address: string;
  agent: string;
  since: number;
  seen: number;
  /** The one that looks. */
  here: boolean;
}

/** Who is signed in, and with what. */
export function AccessPage(props: {
  sessions: SessionLine[];
  least: number;
  /** Whether the environment says what the password is. */
  named: boolean;
  model: ModelFacts;
  note?: { bad: boolean; text: string };
}) {
  const { sessions, least, named, model, note } = props;
  return (
    <Layout title="Access · Selkie" model={model} here="/access" class="passage">
      <h1>Access</h1>
      {note && (
        <p class={note.bad ? "note note-error" : "note"} role="status">
          {note.text}
        </p>
      )}
      <section aria-labelledby="sessions-title">
        <h2 id="sessions-title">Signed in</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Browser</th>
                <th>From</th>
                <th>Since</th>
                <th>Last used</th>
              </tr>
            </thead>
            <tbody>
              {sessions.map(({ address, agent, since, seen, here }) => (
                <tr>
                  <td>
                    {agent || "not told"} {here && <span class="mark mark-current">this one</span>}
                  </td>
                  <td data-label="From" class="number">
                    {address}
                  </td>
                  <td data-label="Since" class="number">
                    <Time at={since} />
                  </td>
                  <td data-label="Last used" class="number">
                    <Time at={seen} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <form method="post" action="/access/sign-out">
          <button type="submit" class="plain">
            Sign out everywhere
          </button>
        </form>
      </section>
      <section aria-labelledby="password-title">
        <h2 id="password-title">Password</h2>
        {named ? (
          <p>The environment says what it is, when Selkie starts: change it there.</p>
        ) : (
          <form method="post" action="/access/password" class="sign-in-form">
            <input type="text" name="username" value="selkie" autocomplete="username" hidden />
            <label for="old">The one so far</label>
            <input id="old" name="old" type="password" autocomplete="current-password" required />
            <label for="new">The new one, of at least {least} characters</label>
            <input
              id="new"
              name="new"
              type="password"
              autocomplete="new-password"
              minlength={least}
              required
            />
            <button type="submit">Change it, and sign out all others</button>
          </form>
        )}
      </section>
    </Layout>
  );
}
