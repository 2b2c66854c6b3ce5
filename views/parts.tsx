/** @jsxImportSource hono/jsx */
/** Small pieces that several pages share. */
import type { Child } from "hono/jsx";
import { moment, nats, percent, whole } from "./format.ts";
import type { Decision, ExamResult, ProbeKind } from "./types.ts";

/** A moment that machines can read, too. */
export function Time(props: { at: number; class?: string }) {
  return (
    <time class={props.class} datetime={new Date(props.at).toISOString()}>
      {moment(props.at)}
    </time>
  );
}

/** A picture that is drawn for the dark and for the light. */
export function ThemedPicture(props: {
  source: (theme: "light" | "dark") => string;
  alt: string;
  width?: number;
  height?: number;
}) {
  const { source, alt, ...size } = props;
  return (
    <picture>
      <source media="(prefers-color-scheme: dark)" srcset={source("dark")} />
      <img src={source("light")} alt={alt} {...size} />
    </picture>
  );
}

/** A part of the page that is refreshed as one, under the id that refreshes name. */
export function Section(props: {
  id: string;
  title: string;
  aside?: Child;
  class?: string;
  children: Child;
}) {
  return (
    <section id={props.id} class={props.class} aria-labelledby={`${props.id}-title`}>
      <header class="section-head">
        <h2 id={`${props.id}-title`}>{props.title}</h2>
        {props.aside && <p class="aside">{props.aside}</p>}
      </header>
      {props.children}
    </section>
  );
}

/** What became of a passage, in a word. */
export const DECISION_WORDS: Record<Decision, string> = {
  new: "waiting",
  known: "known already",
  learned: "learned",
  rejected: "not kept",
  failed: "failed",
  superseded: "out of date",
  review: "waits for you",
  skipped: "skipped",
  unlearned: "not known any more",
};

/** The decision as a mark with a word: colour is never the only sign. */
export function DecisionMark(props: { decision: Decision; learning?: boolean }) {
  const name = props.learning ? "learning" : props.decision;
  return (
    <span class={`mark mark-${name}`}>
      {props.learning ? "learning now" : DECISION_WORDS[props.decision]}
    </span>
  );
}

/** Which kind of question was used, said in words. */
export function probeWords(kinds: ProbeKind[]): string {
  const written = kinds.includes("written");
  const cloze = kinds.includes("cloze");
  if (written && cloze) return "questions written by the model, and blanked sentences";
  if (written) return "questions written by the model";
  if (cloze) return "blanked sentences, made by rule";
  return "no questions yet";
}

const TRACK = { width: 96, height: 14, inset: 6 };

/** The results on one line from 0% to 100%: a ring for before, a dot for after or now. */
export function BeforeAfter(props: { before?: ExamResult; after?: ExamResult; now?: ExamResult }) {
  const { before, after } = props;
  if (!before) return <span class="quiet">not examined yet</span>;
  // A result that has not changed since is not told twice.
  const now = after && props.now?.accuracy !== after.accuracy ? props.now : undefined;
  const last = now ?? after;
  const x = (share: number) => TRACK.inset + share * (TRACK.width - 2 * TRACK.inset);
  const y = TRACK.height / 2;
  return (
    <span class="before-after">
      <svg
        class="track"
        viewBox={`0 0 ${TRACK.width} ${TRACK.height}`}
        width={TRACK.width}
        height={TRACK.height}
        aria-hidden="true"
      >
        <line class="rail" x1={x(0)} x2={x(1)} y1={y} y2={y} />
        {last && (
          <line
            class={last.accuracy < before.accuracy ? "span lost" : "span"}
            x1={x(before.accuracy)}
            x2={x(last.accuracy)}
            y1={y}
            y2={y}
          />
        )}
        {now && after && <circle class="peak" cx={x(after.accuracy)} cy={y} r="3" />}
        <circle class="ring" cx={x(before.accuracy)} cy={y} r="4" />
        {last && <circle class="dot" cx={x(last.accuracy)} cy={y} r="4.5" />}
      </svg>
      <Change
        label="right answers"
        before={percent(before.accuracy)}
        after={after && percent(after.accuracy)}
        now={now && percent(now.accuracy)}
      />
      <Change
        label="log-probability per token"
        class="quiet"
        before={nats(before.logprob)}
        after={after && nats(after.logprob)}
        now={now && nats(now.logprob)}
      />
    </span>
  );
}

/** Figures with arrows between them, which screen readers hear as words. */
export function Change(props: {
  label: string;
  before: string;
  after?: string;
  now?: string;
  class?: string;
}) {
  const { label, before, after, now } = props;
  return (
    <span class={props.class ? `change ${props.class}` : "change"} title={label}>
      <span class="hidden">{label}: </span>
      {before}
      {after !== undefined && (
        <>
          <span class="hidden"> before,</span>
          <span class="arrow" aria-hidden="true">
            {" → "}
          </span>
          <strong>{after}</strong>
          <span class="hidden"> after{now === undefined ? "" : ","}</span>
        </>
      )}
      {now !== undefined && (
        <>
          <span class="arrow" aria-hidden="true">
            {" → "}
          </span>
          <strong>{now}</strong>
          <span class="hidden"> now</span>
        </>
      )}
    </span>
  );
}

/** Links from one stretch of a list to its neighbours; what they are called where the latest come first. */
export function Pages(props: {
  label: string;
  page: number;
  pages: number;
  href: (page: number) => string;
  words?: [before: string, after: string];
}) {
  const { label, page, pages, href, words: [before, after] = ["Later", "Earlier"] } = props;
  if (pages <= 1) return null;
  return (
    <nav class="pages" aria-label={label}>
      {page > 1 && (
        <a rel="prev" href={href(page - 1)}>
          {before}
        </a>
      )}
      <span class="quiet">
        Page {whole(page)} of {whole(pages)}
      </span>
      {page < pages && (
        <a rel="next" href={href(page + 1)}>
          {after}
        </a>
      )}
    </nav>
  );
}
