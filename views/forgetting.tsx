/** @jsxImportSource hono/jsx */
import type { CostFacts, ForgettingFacts, KeptFacts, ShareFigure } from "./experiment-types.ts";
import { Chart, ExperimentLayout, HERE, Overlaps } from "./experiments.tsx";
import { share, shares, Table } from "./figures.tsx";
import { counted, signed, whole } from "./format.ts";
import type { ModelFacts } from "./types.ts";

/** What an experiment of forgetting found. */
export function ForgettingPage(props: { experiment: ForgettingFacts; model: ModelFacts }) {
  const { line, sequences, length, orders, courses, audit, forms, costs } = props.experiment;
  return (
    <ExperimentLayout
      line={line}
      model={props.model}
      size={`${counted(sequences, "sequence")} of ${counted(length, "passage")}, ${counted(orders, "order")}; ${whole(courses.over)} of ${whole(courses.planned)} courses`}
      numbers="All figures, the matrices and every step"
    >
      {forms.length === 0 ? (
        <p class="quiet empty">Nothing has been learned to the end yet.</p>
      ) : (
        <Charts id={line.id} arms={forms[0]!.arms} />
      )}
      {forms.map((form, i) => (
        <Kept form={form} id={`form-${i + 1}`} />
      ))}
      {costs.length > 0 && <Costs costs={costs} />}
      {audit.rows > 0 && (
        <p>
          Of {whole(audit.rows)} rows that were trained on, {whole(audit.asked)} have a report
          question in its words.
        </p>
      )}
      {props.experiment.overlaps.length > 0 && <Overlaps overlaps={props.experiment.overlaps} />}
    </ExperimentLayout>
  );
}

function Charts(props: { id: number; arms: KeptFacts[] }) {
  const words = props.arms.map(({ name, final }) => `${name} ${share(final.mean)}`).join(", ");
  return (
    <>
      <Chart
        path={`${HERE}/${props.id}/arms.svg`}
        alt={`Share of right answers after the last passage, by arm: ${words}.`}
        caption="Right answers to report questions about all passages, after the last of them; hollow dots: right after each was learned. Intervals (95%) are over sequences."
      />
      <Chart
        path={`${HERE}/${props.id}/course.svg`}
        alt="Right answers about the passages learned so far, after each of them."
        caption="Right answers about the passages learned so far, after each of them."
      />
    </>
  );
}

function Kept(props: { form: ForgettingFacts["forms"][number]; id: string }) {
  const { wording, arms } = props.form;
  return (
    <section aria-labelledby={props.id}>
      <h2 id={props.id}>What was kept</h2>
      <p class="quiet">{wording}</p>
      <Table
        heads={[
          "Arm",
          "Courses",
          "Base",
          "Right after",
          "At the end",
          "Kept",
          "BWT",
          "Forgetting",
          "FWT",
          "Right after / SEAL's",
        ]}
        rows={arms.map((arm) => [
          arm.name,
          whole(arm.courses),
          share(arm.base),
          shares(arm.right),
          shares(arm.final),
          ratio(arm.kept),
          difference(arm.bwt),
          difference(arm.forgetting),
          difference(arm.fwt),
          ratio(arm.rightOfSeal),
        ])}
      />
      <p class="quiet">
        Kept is at the end over right after. BWT: how later passages changed earlier ones, from
        right after each was learned (Lopez-Paz & Ranzato 2017). Forgetting: the best earlier look
        minus the end (Chaudhry et al. 2018). FWT: what earlier passages had done for one yet to
        come.
      </p>
    </section>
  );
}

function Costs(props: { costs: CostFacts[] }) {
  return (
    <section aria-labelledby="costs-title">
      <h2 id="costs-title">What it cost</h2>
      <Table
        heads={[
          "Arm",
          "Known facts",
          "Reading",
          "Perplexity",
          "Updates",
          "Not kept",
          "Seconds each",
          "Sleep",
          "Last / first quarter",
        ]}
        rows={props.costs.map((arm) => [
          arm.name,
          shares(arm.fact),
          shares(arm.reading),
          ratio(arm.perplexity),
          whole(arm.updates),
          whole(arm.rejected),
          arm.seconds.toFixed(1),
          arm.sleepSeconds.toFixed(1),
          ratio(arm.slowdown),
        ])}
      />
      <p class="quiet">
        Known facts and reading: shares of what the untouched base answered right, closed-book and
        with the passage open. Perplexity of general text as a multiple of the base's. Seconds of an
        update, with all that it asks and measures; sleep is spread over all updates.
      </p>
    </section>
  );
}

function ratio(figure: ShareFigure | null): string {
  if (!figure) return "–";
  return `${figure.mean.toFixed(2)} (${figure.low.toFixed(2)}–${figure.high.toFixed(2)})`;
}

function difference(figure: ShareFigure | null): string {
  if (!figure) return "–";
  return `${signed(figure.mean)} (${signed(figure.low)} to ${signed(figure.high)})`;
}
