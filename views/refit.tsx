/** @jsxImportSource hono/jsx */
import { counted, duration, nats, percent, timeLeft } from "./format.ts";
import { Layout } from "./layout.tsx";
import type { ProofLine, RefitLine, RefitVerdict } from "./lineage-types.ts";
import { Time } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

/** What a refit came to, in words, and the mark of updates that looks alike. */
const VERDICTS: Record<RefitVerdict, { words: string; mark: string }> = {
  commit: { words: "took over", mark: "commit" },
  rescale: { words: "took over, scaled down", mark: "commit" },
  reject: { words: "not kept", mark: "reject" },
  failed: { words: "failed", mark: "failed" },
  stopped: { words: "stopped", mark: "reject" },
};

/** The latest refits: sleeps, what was unlearned, versions made again. */
export function Refits(props: { refits: RefitLine[] }) {
  if (props.refits.length === 0) return null;
  return (
    <section aria-labelledby="refits-title">
      <h2 id="refits-title">Fitted anew from the base</h2>
      <ul class="lines">
        {props.refits.map((refit) => (
          <li class="line">
            <a href={`/refits/${refit.id}`} dir="auto">
              {refit.name}
            </a>{" "}
            <Verdict refit={refit} />{" "}
            <span class="quiet">
              <Time at={refit.at} />
            </span>
            <Doing refit={refit} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One refit: how far it is, what the gate said, and the proof of what was unlearned. */
export function RefitPage(props: { refit: RefitLine; proof: ProofLine[]; model: ModelFacts }) {
  const { refit, proof } = props;
  const { name, reason, keep, drop, seconds, versionId } = refit;
  return (
    <Layout title={`${name} · Selkie`} model={props.model} here="/versions" class="passage">
      <p class="crumbs">
        <a href="/versions">Versions</a>
      </p>
      <h1 dir="auto">{name}</h1>
      <p class="lead">
        <Verdict refit={refit} /> <span dir="auto">{reason}</span>
      </p>
      <Doing refit={refit} />
      <p class="quiet">
        {keep > 0 && `${counted(keep, "passage")} kept`}
        {drop > 0 && `${keep > 0 ? ", " : ""}${counted(drop, "passage")} left out`}
        {seconds > 0 && `; ${duration(seconds)} so far`}
        {versionId !== undefined && (
          <>
            {"; "}
            <a href={`/versions/${versionId}`}>version {versionId}</a>
          </>
        )}
      </p>
      {refit.proof && <Proof proof={refit.proof} lines={proof} />}
    </Layout>
  );
}

function Verdict(props: { refit: RefitLine }) {
  const { verdict, doing } = props.refit;
  if (!verdict) return <span class="verdict verdict-open">{doing ? "under way" : "waits"}</span>;
  const { words, mark } = VERDICTS[verdict];
  return <span class={`verdict verdict-${mark}`}>{words}</span>;
}

function Doing(props: { refit: RefitLine }) {
  const { id, verdict, doing } = props.refit;
  if (verdict) return null;
  return (
    <form method="post" action={`/refits/${id}/stop`}>
      {doing && (
        <>
          <p class="detail" role="status">
            {doing.detail}
            {doing.secondsLeft !== undefined && ` (${timeLeft(doing.secondsLeft)} left)`}
          </p>
          <progress class="bar" value={doing.step} max={doing.steps} aria-label="In progress" />
        </>
      )}
      <button type="submit" class="plain">
        Stop it
      </button>
    </form>
  );
}

function Proof(props: { proof: NonNullable<RefitLine["proof"]>; lines: ProofLine[] }) {
  const { proof, lines } = props;
  return (
    <section aria-labelledby="proof-title">
      <h2 id="proof-title">What is left of it</h2>
      <p>
        The report questions of what was unlearned, asked with the passage closed. Where the new
        version stands as the untouched base does, nothing is left; what it still answers, it has
        from something else.
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{counted(proof.probes, "question")}</th>
              <th scope="col">Before</th>
              <th scope="col">Now</th>
              <th scope="col">The base</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">Answered right</th>
              {[proof.before, proof.after, proof.base].map(({ accuracy }) => (
                <td class="number">{percent(accuracy)}</td>
              ))}
            </tr>
            <tr>
              <th scope="row">Log p per token</th>
              {[proof.before, proof.after, proof.base].map(({ logprob }) => (
                <td class="number">{nats(logprob)}</td>
              ))}
            </tr>
            {lines.map(({ passageId, question, answer, before, after, base }) => (
              <tr>
                <td dir="auto">
                  <a href={`/passages/${passageId}`}>{question}</a>{" "}
                  <span class="quiet">{answer}</span>
                </td>
                {[before, after, base].map((it) => (
                  <td class="number">
                    {nats(it?.logprob)}
                    {it?.exact && <span title="answered right"> ✓</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
