/** @jsxImportSource hono/jsx */
import type { Child } from "hono/jsx";
import type {
  ArmFacts,
  ExperimentFacts,
  ExperimentLine,
  FormFacts,
  OverlapFacts,
} from "./experiment-types.ts";
import { Differences, share } from "./figures.tsx";
import { counted, duration, nats, whole } from "./format.ts";
import { Layout } from "./layout.tsx";
import { ThemedPicture, Time } from "./parts.tsx";
import type { ModelFacts } from "./types.ts";

export const HERE = "/experiments";
const KIND_NAMES = {
  knowledge: "Ways of learning",
  acceptance: "Acceptance",
  forgetting: "Forgetting",
  "few-shot": "Few examples",
} as const;

/** The list of experiments. */
export function ExperimentsPage(props: { experiments: ExperimentLine[]; model: ModelFacts }) {
  const { experiments } = props;
  return (
    <Layout title="Experiments · Selkie" model={props.model} here={HERE} class="passage">
      <h1>Experiments</h1>
      <p class="lead">
        What learning brings, against what it is compared with, on questions that nothing was
        selected on.
      </p>
      {experiments.length === 0 ? (
        <p class="quiet empty">
          There is none yet: <code>selkie experiment knowledge</code>, <code>forgetting</code> or{" "}
          <code>few-shot</code> makes one.
        </p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Experiment</th>
                <th scope="col">Model</th>
                <th scope="col">Data</th>
                <th scope="col">Took</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {experiments.map((line) => (
                <tr>
                  <td>
                    <a href={`${HERE}/${line.id}`}>
                      {KIND_NAMES[line.kind]} {line.id}
                    </a>
                    <span class="quiet">
                      {" "}
                      <Time at={line.at} />
                    </span>
                  </td>
                  <td dir="auto">{line.model}</td>
                  <td dir="auto">{line.data}</td>
                  <td class="number">{duration(line.seconds)}</td>
                  <td>{line.finished ? "finished" : "not finished"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Layout>
  );
}

/** What one experiment found. */
export function ExperimentPage(props: { experiment: ExperimentFacts; model: ModelFacts }) {
  const { line, reported, planned, seeds, forms, overlaps, problems } = props.experiment;
  return (
    <ExperimentLayout
      line={line}
      model={props.model}
      size={`${whole(reported)} of ${counted(planned, "passage")}, ${counted(seeds, "seed")}`}
      numbers="All figures, the searches, the rounds of the writer and every passage's rows"
    >
      {forms.length === 0 ? (
        <p class="quiet empty">Nothing has been reported yet.</p>
      ) : (
        <Chart
          path={`${HERE}/${line.id}/arms.svg`}
          alt={`Share of right answers by arm. ${chartWords(forms[0]!)}`}
          caption="Share of right answers to report questions, with 95% intervals over passages; hollow dots are questions in wordings of the pre-training."
        />
      )}
      {forms.map((form, i) => (
        <Form form={form} id={`form-${i + 1}`} />
      ))}
      {overlaps.length > 0 && <Overlaps overlaps={overlaps} />}
      {problems.length > 0 && (
        <Problems problems={problems} count={props.experiment.problemCount} />
      )}
    </ExperimentLayout>
  );
}

/** The page of an experiment of any kind: which one, how large it is, and whether it is over. */
export function ExperimentLayout(props: {
  line: ExperimentLine;
  model: ModelFacts;
  /** How much of what it has, in words. */
  size: string;
  /** What else of it its JSON has, in words. */
  numbers: string;
  children: Child;
}) {
  const { line, model, size, numbers, children } = props;
  return (
    <Layout title={`Experiment ${line.id} · Selkie`} model={model} here={HERE} class="passage">
      <p class="crumbs">
        <a href={HERE}>Experiments</a>
      </p>
      <h1>
        {KIND_NAMES[line.kind]} {line.id}
      </h1>
      <p class="lead" dir="auto">
        {line.model} on {line.data}: {size}, {duration(line.seconds)}
        {line.finished ? "." : "; not finished: the same command goes on."}
      </p>
      {children}
      <p class="quiet">
        {numbers}: <a href={`${HERE}/${line.id}.json`}>JSON</a>
      </p>
    </Layout>
  );
}

export function Chart(props: { path: string; alt: string; caption: string }) {
  const { path, alt, caption } = props;
  return (
    <figure class="losses">
      <ThemedPicture source={(theme) => `${path}?theme=${theme}`} alt={alt} />
      <figcaption class="quiet">{caption}</figcaption>
    </figure>
  );
}

function chartWords({ name, arms }: FormFacts): string {
  return `${name}: ${arms.map((arm) => `${arm.name} ${share(arm.right.mean)}`).join(", ")}.`;
}

function Form(props: { form: FormFacts; id: string }) {
  const { name, wording, arms, differences } = props.form;
  return (
    <section aria-labelledby={props.id}>
      <h2 id={props.id}>{name}</h2>
      <p class="quiet">{wording}</p>
      <Arms arms={arms} />
      {differences.length > 0 && <Differences differences={differences} />}
    </section>
  );
}

function Arms(props: { arms: ArmFacts[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Arm</th>
            <th scope="col">Passages</th>
            <th scope="col">Right</th>
            <th scope="col">95%</th>
            <th scope="col">Log p per token</th>
            <th scope="col">Supervised tokens</th>
            <th scope="col">Epochs</th>
            <th scope="col">Learning rate</th>
          </tr>
        </thead>
        <tbody>
          {props.arms.map((arm) => (
            <tr>
              <td>{arm.name}</td>
              <td class="number">{whole(arm.passages)}</td>
              <td class="number">{share(arm.right.mean)}</td>
              <td class="number">
                {share(arm.right.low)} to {share(arm.right.high)}
              </td>
              <td class="number">{nats(arm.logprob)}</td>
              <td class="number">{whole(Math.round(arm.tokens))}</td>
              <td class="number">{arm.epochs > 0 ? arm.epochs.toFixed(1) : "–"}</td>
              <td class="number">{arm.learningRate ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether report questions stand in other texts. */
export function Overlaps(props: { overlaps: OverlapFacts[] }) {
  return (
    <section aria-labelledby="overlaps-title">
      <h2 id="overlaps-title">Are the questions fresh?</h2>
      <p class="quiet">
        The longest run of words that report questions share with other texts, names and numbers
        apart.
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Report questions</th>
              <th scope="col">Against</th>
              <th scope="col">Texts</th>
              <th scope="col">Words, mean</th>
              <th scope="col">Words, most</th>
              <th scope="col">Word for word</th>
            </tr>
          </thead>
          <tbody>
            {props.overlaps.map((it) => (
              <tr>
                <td>
                  {whole(it.questions)} {it.wording}
                </td>
                <td>{it.source}</td>
                <td class="number">{whole(it.texts)}</td>
                <td class="number">{it.meanRun.toFixed(1)}</td>
                <td class="number">{whole(it.longestRun)}</td>
                <td class="number">{whole(it.verbatim)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What could not be used. */
export function Problems(props: { problems: string[]; count: number }) {
  const rest = props.count - props.problems.length;
  return (
    <section aria-labelledby="problems-title">
      <h2 id="problems-title">Left out</h2>
      <ul class="study-lines">
        {props.problems.map((problem) => (
          <li dir="auto">{problem}</li>
        ))}
      </ul>
      {rest > 0 && <p class="quiet">And {whole(rest)} more, which the JSON has.</p>}
    </section>
  );
}
