/** @jsxImportSource hono/jsx */
/** What the list of sources and the page of one have in common. */
import { counted } from "./format.ts";
import { Time } from "./parts.tsx";
import type { DocumentRow, SourceLine } from "./types.ts";

export const KIND_WORDS: Record<SourceLine["kind"], string> = {
  hand: "handed in",
  feed: "feed",
  arxiv: "arXiv",
  folder: "folder",
  demo: "newspaper",
};
export const MODE_WORDS: Record<SourceLine["mode"], string> = {
  learn: "Learn it",
  ask: "Ask me first",
  read: "Read only",
};
const TRUST_WORDS: Record<SourceLine["trust"], string> = {
  high: "high: it is learned first",
  normal: "normal",
  low: "low: it is learned last",
};
const STATE_WORDS: Record<SourceLine["state"], string> = {
  active: "fine",
  failing: "failing",
  paused: "paused",
  gone: "gone",
};
/** The marks of passages, which look alike. */
const STATE_CLASS = { active: "learned", failing: "failed", paused: "new", gone: "rejected" };
/** How a source is, in a word. */
export function State(props: { source: SourceLine }) {
  const { state } = props.source;
  return <span class={`mark mark-${STATE_CLASS[state]}`}>{STATE_WORDS[state]}</span>;
}

/** A moment that may have come already. */
export function Soon(props: { at: number }) {
  return props.at <= Date.now() ? <>now</> : <Time at={props.at} />;
}

/** What can be wished of a source. */
export function Wishes(props: { source?: SourceLine; id?: string }) {
  const { source } = props;
  const id = props.id ?? "change";
  return (
    <>
      <label for={`${id}-mode`}>What it brings</label>
      <select id={`${id}-mode`} name="mode">
        {(["learn", "ask", "read"] as const).map((mode) => (
          <option value={mode} selected={(source?.mode ?? "learn") === mode}>
            {MODE_WORDS[mode]}
          </option>
        ))}
      </select>
      <label for={`${id}-trust`}>Trust</label>
      <select id={`${id}-trust`} name="trust">
        {(["high", "normal", "low"] as const).map((trust) => (
          <option value={trust} selected={(source?.trust ?? "normal") === trust}>
            {TRUST_WORDS[trust]}
          </option>
        ))}
      </select>
      {/* What people hand in has no limit but their own. */}
      {source?.kind !== "hand" && (
        <>
          <label for={`${id}-quota`}>Items a day (empty: no limit)</label>
          <input
            id={`${id}-quota`}
            name="quota"
            type="number"
            min="0"
            max="1000000"
            value={source?.quota === null || !source ? "" : String(source.quota)}
          />
        </>
      )}
      {(source?.kind === "feed" || source?.kind === "arxiv") && (
        <>
          <label for={`${id}-content`}>Text of an entry</label>
          <select id={`${id}-content`} name="content">
            <option value="auto" selected={source.content === "auto"}>
              as it needs
            </option>
            <option value="feed" selected={source.content === "feed"}>
              what the feed has
            </option>
            <option value="page" selected={source.content === "page"}>
              {source.kind === "arxiv" ? "the whole paper" : "the whole page"}
            </option>
          </select>
        </>
      )}
    </>
  );
}

/** Documents about which people are asked, with what they may answer. */
export function Answers(props: { documents: DocumentRow[]; sourceId?: number }) {
  return (
    <form method="post" action="/documents/consent">
      {props.sourceId !== undefined && (
        <input type="hidden" name="back" value={String(props.sourceId)} />
      )}
      <ul class="lines">
        {props.documents.map(({ id, title, origin, passages }) => (
          <li class="line">
            <label>
              <input type="checkbox" name="document" value={String(id)} checked />{" "}
              <span dir="auto">{title.trim() || "Untitled"}</span>{" "}
              <span class="quiet" dir="auto">
                {counted(passages, "passage")}, {origin}
              </span>
            </label>
          </li>
        ))}
      </ul>
      <button type="submit" name="answer" value="yes">
        Learn these
      </button>{" "}
      <button type="submit" name="answer" value="no" class="plain">
        Do not learn these
      </button>
    </form>
  );
}
