/** @jsxImportSource hono/jsx */
import { share, Table } from "./figures.tsx";
import { counted, nats } from "./format.ts";
import { Side } from "./grid.tsx";
import { Layout } from "./layout.tsx";
import { Time } from "./parts.tsx";
import type { SkillFacts, SkillLine } from "./skill-types.ts";
import type { ModelFacts } from "./types.ts";

const HERE = "/skills";
/** Characters of a task that the form takes. */
export const MAX_TASK = 500_000;

const STATES: Record<SkillLine["state"], { words: string; mark: string }> = {
  learning: { words: "is being learned", mark: "new" },
  ready: { words: "ready", mark: "commit" },
  useless: { words: "no recipe helped", mark: "reject" },
  failed: { words: "failed", mark: "failed" },
};

const EXAMPLE = "red apple\n>\nRED\n\ngreen pear\n>\nGREEN\n\nblue plum\n>\nBLUE\n\npink rose";

/** All skills, and the way to a new one. */
export function SkillsPage(props: {
  skills: SkillLine[];
  model: ModelFacts;
  /** What was wrong with the task that was sent. */
  refused?: { message: string; name: string; task: string };
}) {
  const { skills, refused } = props;
  return (
    <Layout title="Skills · Selkie" model={props.model} here={HERE} class="passage">
      <h1>Skills</h1>
      <p class="lead">
        Show it a handful of examples, and it learns the pattern: recipes for learning compete on
        examples that are held out, and the best one is kept.
      </p>
      {skills.length === 0 ? (
        <p class="quiet empty">There is none yet.</p>
      ) : (
        <ul class="lines">
          {skills.map((skill) => (
            <li class="line">
              <a href={pathOf(skill)} dir="auto">
                {skill.name}
              </a>{" "}
              <State skill={skill} />{" "}
              <span class="quiet">
                {counted(skill.examples, "example")} · <Time at={skill.at} />
              </span>
            </li>
          ))}
        </ul>
      )}
      <section aria-labelledby="new-title">
        <h2 id="new-title">Learn a task</h2>
        {refused && (
          <p class="note" role="alert" dir="auto">
            {refused.message}
          </p>
        )}
        <form class="skill-form" method="post" action={HERE} enctype="multipart/form-data">
          <label for="skill-name">Its name</label>
          <input id="skill-name" name="name" required maxlength={64} value={refused?.name ?? ""} />
          <label for="skill-task">
            Three examples or more: an input, a line with &gt;, its output, a blank line. What has
            no output is asked. Grids are given as ARC's JSON.
          </label>
          <textarea
            id="skill-task"
            name="task"
            rows={12}
            maxlength={MAX_TASK}
            placeholder={EXAMPLE}
            dir="auto"
          >
            {refused?.task ?? ""}
          </textarea>
          <label for="skill-file">Or a file</label>
          <input id="skill-file" name="file" type="file" accept=".json,.txt" />
          <button type="submit">Learn it</button>
        </form>
      </section>
    </Layout>
  );
}

/** One skill: its recipes as they compete, its examples, and what it makes of inputs. */
export function SkillPage(props: {
  skill: SkillFacts;
  model: ModelFacts;
  /** What was asked just now. */
  tried?: { input: string; attempts: { output: string; votes: number }[] };
}) {
  const { skill, tried } = props;
  const learning = skill.state === "learning";
  return (
    <Layout title={`${skill.name} · Selkie`} model={props.model} here={HERE} class="passage">
      <p class="crumbs">
        <a href={HERE}>Skills</a>
      </p>
      <h1 dir="auto">{skill.name}</h1>
      <div
        id="skill"
        {...(learning && {
          "hx-get": pathOf(skill),
          "hx-trigger": "every 2s",
          "hx-select": "#skill",
          "hx-swap": "outerHTML",
        })}
      >
        <p class="lead">
          <State skill={skill} /> <span dir="auto">{skill.reason}</span>
        </p>
        {skill.trials.length > 0 && <Trials skill={skill} />}
        {skill.state === "ready" && <Tests skill={skill} />}
      </div>
      {skill.state === "ready" && <TryIt skill={skill} tried={tried} />}
      <section aria-labelledby="examples-title">
        <h2 id="examples-title">Examples</h2>
        {skill.train.map(({ input, output }) => (
          <div class="task-pair">
            <Side text={input} format={skill.format} />
            <span class="quiet">becomes</span>
            <Side text={output} format={skill.format} />
          </div>
        ))}
      </section>
      <form method="post" action={`${pathOf(skill)}/remove`}>
        <button type="submit">Forget this skill</button>
      </form>
    </Layout>
  );
}

function Trials(props: { skill: SkillFacts }) {
  const { trials, inContext, invalid } = props.skill;
  return (
    <section aria-labelledby="recipes-title">
      <h2 id="recipes-title">Recipes</h2>
      <Table
        heads={["Recipe", "Right", "Log p per token", "Seconds", "", ""]}
        rows={trials.map((trial) => [
          recipeWords(trial.recipe),
          share(trial.exact),
          nats(trial.logprob),
          trial.seconds.toFixed(1),
          trial.diverged ? "diverged" : trial.bounded ? "cut" : "",
          trial.chosen ? "chosen" : "",
        ])}
      />
      <p class="quiet">
        Shares of the examples that were held out.{" "}
        {inContext !== undefined && `In context: ${share(inContext)}. `}
        {invalid > 0 &&
          `${counted(invalid, "text")} of the model's ${invalid === 1 ? "was" : "were"} no recipe.`}
      </p>
    </section>
  );
}

function Tests(props: { skill: SkillFacts }) {
  const { tests, format } = props.skill;
  return (
    <section aria-labelledby="tests-title">
      <h2 id="tests-title">What was asked</h2>
      {tests.map(({ input, output, attempts }) => (
        <div class="task-pair">
          <Side text={input} format={format} />
          <span class="quiet">becomes</span>
          <Attempts attempts={attempts} format={format} right={output} />
        </div>
      ))}
    </section>
  );
}

function TryIt(props: {
  skill: SkillFacts;
  tried: { input: string; attempts: { output: string; votes: number }[] } | undefined;
}) {
  const { skill, tried } = props;
  return (
    <section aria-labelledby="try-title">
      <h2 id="try-title">Try it</h2>
      <form class="skill-form" method="post" action={`${pathOf(skill)}/try`}>
        <label for="try-input">
          {skill.format === "grid" ? "A grid, as lines of digits or as JSON" : "A text"}
        </label>
        <textarea id="try-input" name="input" rows={4} required dir="auto">
          {tried?.input ?? ""}
        </textarea>
        <button type="submit">Try</button>
      </form>
      {tried && (
        <div class="task-pair" role="status">
          <Attempts attempts={tried.attempts} format={skill.format} right={null} />
        </div>
      )}
    </section>
  );
}

/** Answers with their votes, the best first. */
function Attempts(props: {
  attempts: { output: string; votes: number }[];
  format: SkillFacts["format"];
  /** Where it is known. */
  right: string | null;
}) {
  const { attempts, format, right } = props;
  if (attempts.length === 0) return <span class="quiet">no answer that fits the task</span>;
  return (
    <>
      {attempts.map(({ output, votes }) => (
        <figure class="attempt">
          <Side text={output} format={format} />
          <figcaption class="quiet">
            {counted(votes, "vote")}
            {right !== null && (output === right ? ", right" : ", wrong")}
          </figcaption>
        </figure>
      ))}
    </>
  );
}

function State(props: { skill: SkillLine }) {
  const { words, mark } = STATES[props.skill.state];
  return <span class={`verdict verdict-${mark}`}>{words}</span>;
}

/** `basic, chain · loss on output · rate 0.001 · 4 epochs` */
function recipeWords(recipe: string): string {
  const { loss, rate, epochs, ...switches } = JSON.parse(recipe) as Record<string, unknown>;
  const on = Object.keys(switches).filter((name) => switches[name] === true);
  return `${on.join(", ") || "no augmentation"} · loss on ${loss} · rate ${rate} · ${counted(Number(epochs), "epoch")}`;
}

function pathOf({ name }: Pick<SkillLine, "name">): string {
  return `${HERE}/${encodeURIComponent(name)}`;
}
