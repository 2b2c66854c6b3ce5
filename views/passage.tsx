import { counted } from "./format.ts";
import { Layout } from "./layout.tsx";
import { BeforeAfter, DecisionMark, probeWords, Time } from "./parts.tsx";
import { ProbeTable } from "./probes.tsx";
import type { ModelFacts, PassageFacts } from "./types.ts";
import { UpdateStory } from "./update.tsx";

/** Everything about one passage: its text, its exam, and how it was studied. */
export function PassagePage(props: { passage: PassageFacts; model: ModelFacts }) {
  const { line, text, position, siblings, readAt, probes, updates } = props.passage;
  const title = line.title.trim() || "Untitled";
  return (
    <Layout
      title={`${title.slice(0, 80)} · Selkie`}
      model={props.model}
      here="/passages"
      class="passage"
    >
      <p class="crumbs">
        <a href="/passages">Passages</a>
      </p>
      <h1 dir="auto">{title}</h1>
      <div class="passage-state">
        <DecisionMark decision={line.decision} learning={line.learning} />
        <BeforeAfter before={line.before} after={line.after} now={line.now} />
      </div>
      {line.reason && (
        <p class="lead" dir="auto">
          {line.reason}
        </p>
      )}
      <section aria-labelledby="text-title">
        <h2 id="text-title">The passage</h2>
        <p class="quiet source">
          <span dir="auto">{line.source}</span>
          {siblings > 1 && `, passage ${position + 1} of ${siblings}`}, read <Time at={readAt} />
        </p>
        <div class="prose" dir="auto">
          {text.split(/\n{2,}/).map((paragraph) => (
            <p dir="auto">{paragraph}</p>
          ))}
        </div>
      </section>
      <section aria-labelledby="probes-title">
        <h2 id="probes-title">The exam</h2>
        <p class="quiet">
          {probes.length === 0
            ? "No questions have been written about this passage yet."
            : `${counted(probes.length, "probe")}: ${probeWords(line.kinds)}, answered with the passage closed. Reward probes choose among the candidates; only report probes count in the results shown.`}
        </p>
        {probes.length > 0 && <ProbeTable probes={probes} />}
      </section>
      {updates.map((update) => (
        <UpdateStory update={update} />
      ))}
      {updates.length === 0 && (
        <p class="quiet empty">It has not been studied{line.learning ? " yet" : ""}.</p>
      )}
    </Layout>
  );
}
