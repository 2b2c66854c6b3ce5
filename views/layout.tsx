/** @jsxImportSource hono/jsx */
import { type Child, useContext } from "hono/jsx";
import type { ModelFacts } from "./types.ts";
import { Viewer } from "./viewer.ts";

/**
 * What htmx is told. No attribute may carry code (the content policy would refuse it), what people
 * opened stays open when a fragment is refreshed, and an answer may take long to begin.
 */
const HTMX_CONFIG = JSON.stringify({
  extensions: "sse",
  morphIgnore: ["data-htmx-powered", "open"],
  history: false,
  defaultTimeout: 120_000,
});

/** The places that the header leads to. */
const PLACES = [
  { href: "/ask", label: "Ask" },
  { href: "/sources", label: "Sources" },
  { href: "/passages", label: "Passages" },
  { href: "/learning", label: "Learning" },
  { href: "/memory", label: "Memory" },
  { href: "/versions", label: "Versions" },
  { href: "/models", label: "Models" },
  { href: "/writer", label: "Writer" },
  { href: "/skills", label: "Skills" },
  { href: "/experiments", label: "Experiments" },
  { href: "/programs", label: "Programs" },
  { href: "/#log", label: "Log" },
];

function Places(props: { here?: string }) {
  return (
    <nav class="places" aria-label="Pages">
      {PLACES.map((place) => (
        <a href={place.href} aria-current={place.href === props.here ? "page" : undefined}>
          {place.label}
        </a>
      ))}
    </nav>
  );
}

/** A whole page. */
export function Layout(props: {
  title: string;
  model?: ModelFacts;
  /** Where the page's refreshes come from, if it has any. */
  stream?: string;
  here?: string;
  class?: string;
  children: Child;
}) {
  const viewer = useContext(Viewer);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <title>{props.title}</title>
        <link rel="icon" href="/public/selkie.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/public/selkie.css" />
        <script src="/public/htmx.js" defer />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="top">
          <a class="brand" href="/" aria-label="Selkie, overview">
            <img src="/public/selkie.svg" alt="" width="30" height="30" />
            <span>Selkie</span>
          </a>
          {viewer !== "out" && <Places here={props.here} />}
          {props.model && (
            <p class="model" title="The base model that everything is learned on top of">
              <span class="quiet">on</span> <span dir="auto">{props.model.name}</span>
            </p>
          )}
        </header>
        <main id="main" class={props.class} tabindex={-1}>
          {props.children}
        </main>
        <footer class="bottom">
          <p>
            Selkie learns what it reads: what you see here is what the model itself knows, asked
            without looking anything up, unless it says that a passage was open.
          </p>
          {viewer !== "out" && (
            <div class="ways">
              <a href="/faults">Faults</a>
              <a href="/api/status">Status as JSON</a>
              {viewer === "in" && (
                <>
                  <a href="/access">Access</a>
                  <form method="post" action="/sign-out">
                    <button type="submit" class="plain">
                      Sign out
                    </button>
                  </form>
                </>
              )}
            </div>
          )}
        </footer>
        {props.stream && <div hidden hx-sse:connect={props.stream} hx-swap="none" />}
      </body>
    </html>
  );
}
