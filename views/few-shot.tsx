/** @jsxImportSource hono/jsx */
import type { FewShotFacts, RecipesFacts, TaskArmFacts } from "./experiment-types.ts";
import { Chart, ExperimentLayout, HERE, Problems } from "./experiments.tsx";
import { Differences, share, shares, Table } from "./figures.tsx";
import { counted, nats, whole } from "./format.ts";
import type { ModelFacts } from "./types.ts";

/** What an experiment of tasks that are learned from a handful of examples found. */
export function FewShotPage(props: { experiment: FewShotFacts; model: ModelFacts }) {
  const { line, tasks, seeds, arms, differences, writers, problems } = props.experiment;
  return (
    <ExperimentLayout
      line={line}
      model={props.model}
      size={`${whole(tasks.reported)} of ${counted(tasks.report, "task")}, ${counted(seeds, "seed")}; ${counted(tasks.train, "task")} for the writer`}
      numbers="All figures, the search, the rounds of the writer and every task's rows"
    >
      {arms.length === 0 ? (
        <p class="quiet empty">Nothing has been reported yet.</p>
      ) : (
        <Chart
          path={`${HERE}/${line.id}/arms.svg`}
          alt={`Share of solved tasks by arm: ${arms.map(({ name, solved }) => `${name} ${share(solved.mean)}`).join(", ")}.`}
          caption="Tasks solved within two attempts, with 95% intervals over tasks; hollow dots: with the first attempt."
        />
      )}
      {arms.length > 0 && <Arms experiment={props.experiment} />}
      {differences.length > 0 && <Differences differences={differences} unit="task" />}
      {writers.length > 0 && <Writers writers={writers} />}
      {problems.length > 0 && (
        <Problems problems={problems} count={props.experiment.problemCount} />
      )}
    </ExperimentLayout>
  );
}

function Arms(props: { experiment: FewShotFacts }) {
  const { arms, views, secondsPerRecipe } = props.experiment;
  const number = (value: number | null) => value?.toFixed(1) ?? "–";
  const row = (arm: TaskArmFacts) => [
    arm.name,
    whole(arm.tasks),
    shares(arm.solved),
    share(arm.first.mean),
    nats(arm.logprob.mean),
    number(arm.steps),
    number(arm.seconds),
    whole(arm.bounded),
    whole(arm.invalid),
  ];
  return (
    <section aria-labelledby="solved-title">
      <h2 id="solved-title">Solved</h2>
      <Table
        heads={[
          "Arm",
          "Tasks",
          "Solved",
          "First attempt",
          "Log p per token",
          "Steps",
          "Seconds",
          "Cut",
          "Invalid",
        ]}
        rows={arms.map(row)}
      />
      <p class="quiet">
        Each test is asked in {counted(views, "view")}, whose answers vote; the two with most votes
        are the attempts. Cut: recipes that the step budget shortened; invalid: texts that were no
        recipe, and count as the untouched base.
        {secondsPerRecipe &&
          ` A recipe took ${secondsPerRecipe.all.toFixed(1)} s, ${secondsPerRecipe.training.toFixed(1)} s of it training.`}
      </p>
    </section>
  );
}

function Writers(props: { writers: RecipesFacts[] }) {
  const percent = (value: number) => `${Math.round(value * 100)}%`;
  const augmentations = Object.keys(props.writers[0]!.augmentations);
  return (
    <section aria-labelledby="writers-title">
      <h2 id="writers-title">Recipes as they were written</h2>
      <Table
        heads={[
          "Writer",
          "Seed",
          "For",
          "Recipes",
          "Invalid",
          ...augmentations,
          "Loss on outputs",
          "Rate",
          "Epochs",
        ]}
        rows={props.writers.map((line) => [
          line.writer,
          whole(line.seed),
          line.role,
          whole(line.recipes),
          whole(line.invalid),
          ...augmentations.map((name) => percent(line.augmentations[name]!)),
          percent(line.output),
          line.rate.toPrecision(2),
          line.epochs.toFixed(1),
        ])}
      />
    </section>
  );
}
