/** @jsxImportSource hono/jsx */
import { counted, duration, signed } from "./format.ts";
import { Section, Time } from "./parts.tsx";
import type { Lineage, UpdateLine } from "./types.ts";

/** What an update came to, in words. */
export const VERDICT_WORDS = {
  commit: "kept",
  reject: "not kept",
  known: "nothing to learn",
  failed: "failed",
  review: "waits for you",
} as const;

/** The lineage of adapter versions, with the updates that led nowhere beside it. */
export function VersionsSection(props: { lineage: Lineage }) {
  const { lineage } = props;
  return (
    <Section
      id="versions"
      title="Adapter versions"
      aside={
        lineage.currentVersionId
          ? `${counted(lineage.versions, "version")}; version ${lineage.currentVersionId} answers now`
          : "the untouched base model answers now"
      }
    >
      {lineage.updates.length === 0 ? (
        <p class="quiet empty">
          No update yet. Each one that helps becomes a version here, with its parent and its gain.
        </p>
      ) : (
        <ol class="lineage">
          {lineage.updates.map((update) => (
            <Update update={update} />
          ))}
          <li class={lineage.omitted > 0 ? "omitted" : "base"}>
            {lineage.omitted > 0
              ? `${counted(lineage.omitted, "earlier update")} before these`
              : "The untouched base model"}
          </li>
        </ol>
      )}
      <p>
        <a href="/versions">All versions</a>: back, forward, sleep, and what to unlearn
      </p>
    </Section>
  );
}

function Update(props: { update: UpdateLine }) {
  const { update } = props;
  const verdict = update.verdict ?? "open";
  return (
    <li id={`update-${update.id}`} class={`update update-${verdict}`}>
      <div class="update-head">
        <span class="update-name">
          {update.versionId ? `Version ${update.versionId}` : `Update ${update.id}`}
        </span>
        <span class={`verdict verdict-${verdict}`}>
          {update.verdict ? VERDICT_WORDS[update.verdict] : "under way"}
        </span>
        {update.gain !== undefined && (
          <span class="gain" title="Gain of the winner on the reward probes, in nats per token">
            {signed(update.gain)}
            <span class="quiet"> nats</span>
          </span>
        )}
      </div>
      <a
        class="update-title"
        href={`/passages/${update.passageId}`}
        dir="auto"
        title={update.title}
      >
        {update.title.trim() || "Untitled"}
      </a>
      <p class="quiet update-when">
        <Time at={update.at} />
        {update.seconds !== undefined &&
          `, ${update.verdict ? "took" : "so far"} ${duration(update.seconds)}`}
        {`, from ${update.parentVersionId ? `version ${update.parentVersionId}` : "the base"}`}
      </p>
      {update.current && <span class="mark mark-current">answers now</span>}
    </li>
  );
}
