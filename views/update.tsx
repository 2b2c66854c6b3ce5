/** @jsxImportSource hono/jsx */
import { duration, signed, whole } from "./format.ts";
import { ThemedPicture, Time } from "./parts.tsx";
import type { CandidateLine, UpdateFacts } from "./types.ts";
import { VERDICT_WORDS } from "./versions.tsx";

/** What each kind of self-edit is. */
export const KIND_WORDS: Record<string, string> = {
  implications: "implications",
  "implications-long": "implications, a long list",
  "self-qa": "questions and answers",
  rewrite: "the same facts in other words",
  none: "whatever follows the passage",
  sentences: "sentences of the passage",
};

/** Who wrote it. */
export const ORIGIN_WORDS = {
  self: "written by the model",
  teacher: "written by the teacher",
  recorded: "from a file",
  rule: "made by rule",
} as const;

/** One pass of a passage through the loop: verdict, candidates side by side, training curves. */
export function UpdateStory(props: { update: UpdateFacts }) {
  const { update } = props;
  const candidates = [...update.candidates].sort(
    (a, b) => Number(b.winner) - Number(a.winner) || (b.reward ?? -1e9) - (a.reward ?? -1e9),
  );
  const curves = candidates.some((candidate) => candidate.losses.length > 1);
  return (
    <section id={`update-${update.id}`} aria-labelledby={`update-${update.id}-title`}>
      <h2 id={`update-${update.id}-title`}>Update {update.id}</h2>
      <p>
        <span class={`verdict verdict-${update.verdict ?? "open"}`}>{verdict(update)}</span>
        {update.reason && <span dir="auto"> {update.reason}</span>}
      </p>
      <p class="quiet">
        <Time at={update.at} />
        {update.seconds !== undefined &&
          `, ${update.verdict ? "took" : "so far"} ${duration(update.seconds)}`}
        {timing(update.timing)}
      </p>
      {candidates.length > 0 && (
        <>
          <h3>Self-edits</h3>
          <div class="candidates">
            {candidates.map((candidate) => (
              <Candidate candidate={candidate} />
            ))}
          </div>
        </>
      )}
      {curves && (
        <figure class="losses">
          <ThemedPicture
            source={(theme) => `/updates/${update.id}/losses.svg?theme=${theme}`}
            width={720}
            height={250}
            alt={curveWords(candidates)}
          />
          <figcaption class="quiet">Training loss by step, in nats per token.</figcaption>
        </figure>
      )}
    </section>
  );
}

function Candidate(props: { candidate: CandidateLine }) {
  const { candidate } = props;
  const { ordinal, kind, origin, lines, reward, winner, trainTokens, seconds } = candidate;
  return (
    <article class={winner ? "candidate winner" : "candidate"}>
      <header>
        <h4>
          Candidate {ordinal + 1}
          {winner && <span class="mark mark-current">the best</span>}
        </h4>
        <p class="reward" title="Mean gain over the parent on the reward probes, nats per token">
          <strong>{reward === undefined ? "not scored" : signed(reward)}</strong>
          <span class="quiet"> {reward === undefined ? "" : "reward"}</span>
        </p>
      </header>
      <p class="quiet">
        {KIND_WORDS[kind] ?? kind}, {ORIGIN_WORDS[origin]}
        {trainTokens !== undefined && `; ${whole(trainTokens)} training tokens`}
        {seconds !== undefined && ` in ${duration(seconds)}`}
      </p>
      <ul class="study-lines">
        {lines.map((line) => (
          <li dir="auto">{line}</li>
        ))}
      </ul>
    </article>
  );
}

function verdict(update: UpdateFacts): string {
  if (update.verdict === "commit" && update.versionId)
    return `Kept as version ${update.versionId}.`;
  if (!update.verdict) return "Under way.";
  const word = VERDICT_WORDS[update.verdict];
  return `${word[0]!.toUpperCase()}${word.slice(1)}.`;
}

function timing(stages: Record<string, number>): string {
  const parts = Object.entries(stages).map(([stage, seconds]) => `${stage} ${duration(seconds)}`);
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
}

function curveWords(candidates: CandidateLine[]): string {
  const words = candidates
    .filter((candidate) => candidate.losses.length > 0)
    .map(({ ordinal, losses }) => {
      const [first, last] = [losses[0]!, losses.at(-1)!];
      return `candidate ${ordinal + 1} from ${first.toFixed(2)} to ${last.toFixed(2)}`;
    });
  return `Training loss: ${words.join(", ")}.`;
}
