/** @jsxImportSource hono/jsx */
import { counted, timeLeft, whole } from "./format.ts";
import { Section, Time } from "./parts.tsx";
import type { NowFacts, RunningJob, Stage } from "./types.ts";

/** The way of a passage, in the words of the page. */
const STEPS: { stage: Stage; label: string; what: string }[] = [
  { stage: "probe", label: "Question", what: "writes questions about the passage" },
  { stage: "decide", label: "Decide", what: "answers them with the passage closed" },
  { stage: "study", label: "Study", what: "writes study material" },
  { stage: "train", label: "Train", what: "trains an adapter on each piece of it" },
  { stage: "commit", label: "Keep", what: "keeps the best, if it helped" },
  { stage: "measure", label: "Check", what: "checks what it still knows" },
];

/** What the instance is doing at this moment. */
export function NowSection(props: { now: NowFacts }) {
  const { now } = props;
  return (
    <Section id="now" title={headline(now)} aside={<Queue now={now} />} class="now">
      {now.problem && <p class="note note-warning">{now.problem}</p>}
      {now.resting && (
        <p class="note">
          {now.resting} <a href="/learning">What waits</a>
        </p>
      )}
      {now.loop === "elsewhere" && (
        <p class="quiet">
          Another Selkie process{now.process !== undefined && ` (process ${now.process})`} does the
          learning; its results appear here as they are written down.
        </p>
      )}
      {now.job ? <Job job={now.job} /> : <p class="quiet">{idleWords(now)}</p>}
      <Backup backup={now.backup} />
    </Section>
  );
}

function Backup(props: { backup: NowFacts["backup"] }) {
  const { last, problem } = props.backup ?? {};
  if (!last && !problem) return null;
  return (
    <p class={problem ? "note note-error backup" : "quiet backup"}>
      {problem && `${problem} `}
      {last ? (
        <>
          Last good backup: <Time at={last} />
        </>
      ) : (
        "There is no backup yet."
      )}
    </p>
  );
}

/** What is done apart from any passage's update. */
const ALONE = new Set<RunningJob["stage"]>(["read", "round", "refit", "skill", "sweep", "triage"]);

function Job(props: { job: RunningJob }) {
  const { job } = props;
  return (
    <div class="job">
      <p class="job-title" dir="auto">
        {job.passageId ? <a href={`/passages/${job.passageId}`}>{job.title}</a> : job.title}
      </p>
      {!ALONE.has(job.stage) && <Steps stage={job.stage} />}
      <p class="detail" role="status">
        {job.detail}
      </p>
      <Training job={job} />
    </div>
  );
}

function Steps(props: { stage: Stage }) {
  const at = STEPS.findIndex((step) => step.stage === props.stage);
  return (
    <ol class="steps">
      {STEPS.map((step, i) => (
        <li
          class={at < 0 || i < at ? "over" : i === at ? "here" : ""}
          aria-current={i === at ? "step" : undefined}
          title={`Selkie ${step.what}`}
        >
          {step.label}
        </li>
      ))}
    </ol>
  );
}

function Training(props: { job: RunningJob }) {
  const { training } = props.job;
  if (!training) return <progress class="bar" aria-label="In progress" />;
  return (
    <>
      <progress
        class="bar"
        value={training.step}
        max={training.steps}
        aria-label={`Training: step ${training.step} of ${training.steps}`}
      />
      <dl class="figures">
        <Figure name="Step" value={`${whole(training.step)} of ${whole(training.steps)}`} />
        <Figure name="Loss" value={training.loss.toFixed(3)} />
        <Figure name="Tokens a second" value={whole(Math.round(training.tokensPerSecond))} />
        <Figure name="Time left" value={timeLeft(training.secondsLeft)} />
      </dl>
    </>
  );
}

function Figure(props: { name: string; value: string }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

function Queue(props: { now: NowFacts }) {
  const { queued, done, failed } = props.now;
  return (
    <span class="queue">
      <span>{counted(queued, "job")} waiting</span>
      <span>{whole(done)} done</span>
      {failed > 0 && (
        <a class="failed" href="#log">
          {whole(failed)} failed
        </a>
      )}
    </span>
  );
}

function headline(now: NowFacts): string {
  if (now.job?.stage === "read") return "Reading";
  if (now.job?.stage === "refit") return "Learning anew";
  if (now.job?.stage === "skill") return "Learning a skill";
  if (now.job) return now.job.stage === "round" ? "Learning to write" : "Learning";
  if (now.loop === "stopped") return "Not learning";
  return now.queued > 0 && !now.resting ? "About to begin" : "At rest";
}

function idleWords(now: NowFacts): string {
  if (now.loop === "stopped") {
    return now.queued > 0
      ? `${counted(now.queued, "job")} will be taken up when the learning starts again.`
      : "Nothing is waiting.";
  }
  if (now.resting) return "What waits is learned later.";
  if (now.queued > 0) return "The next job is about to be taken up.";
  if (now.done + now.failed === 0) return "Nothing has been handed in yet.";
  return "Everything that was handed in has been dealt with. Add something to read, or ask what it knows.";
}
