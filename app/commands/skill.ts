import type { Command } from "commander";
import { forgetSkill, requestSkill } from "../../agent/skills/request.ts";
import { getSkill, listSkills, type Skill, taskOf } from "../../db/skills.ts";
import { followJob } from "../follow-job.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import { namedSkill, readTaskText, skillFacts, skillLine } from "../skills.ts";
import { decimal, percent, table } from "../table.ts";

export function register(program: Command): void {
  const skill = program
    .command("skill")
    .description("tasks that are learned from a handful of examples");
  runs(skill.command("list", { isDefault: true }).description("all of them"), list);
  runs<{ wait?: boolean }>(
    skill
      .command("add")
      .description("learn a task: recipes compete on examples held out, and the best is kept")
      .argument("<name>", "what it is called")
      .argument("<task>", "a file: ARC's JSON, or examples as text")
      .option("--wait", "return when it is learned"),
    add,
  );
  runs(
    skill
      .command("show")
      .description("the recipes that competed, and what it makes of its task's tests")
      .argument("<name>", "its name"),
    show,
  );
  runs(
    skill
      .command("try")
      .description("what it makes of an input")
      .argument("<name>", "its name")
      .argument("<input...>", "a text; or a grid: a row of digits each, or JSON"),
    use,
  );
  runs(
    skill
      .command("remove")
      .description("forget it, with its adapter")
      .argument("<name>", "its name"),
    remove,
  );
}

async function list(context: CommandContext): Promise<CommandResult> {
  const { db } = context.instance();
  const data = listSkills(db).map((skill) => skillLine(db, skill));
  if (data.length === 0) {
    return { data, text: "There is none yet: `selkie skill add <name> <task>` learns one." };
  }
  const text = table(data, [
    { head: "skill", cell: ({ name }) => name, max: 40 },
    { head: "state", cell: ({ state }) => state },
    { head: "examples", cell: ({ examples }) => String(examples), right: true },
    { head: "in context", cell: ({ inContext }) => percent(inContext), right: true },
    { head: "best recipe", cell: ({ best }) => percent(best), right: true },
    { head: "", cell: ({ reason = "" }) => reason, max: 80 },
  ]);
  return { data, text };
}

async function add(
  context: CommandContext,
  [name = "", path = ""]: string[],
  { wait }: { wait?: boolean },
): Promise<CommandResult> {
  const { db } = context.instance();
  const { skill, jobId } = requestSkill(db, name, readTaskText(await readFile(path)));
  if (!wait) {
    const text = `Queued: skill “${name}”. \`selkie skill show ${JSON.stringify(name)}\` tells how it goes.`;
    return { data: skillLine(db, skill), text };
  }
  if (!(await followJob(context, jobId))) {
    const text = "Interrupted: it goes on the next time.";
    return { data: skillLine(db, skill), text };
  }
  const learned = getSkill(db, skill.id)!;
  if (learned.state !== "ready") throw new CommandError("not-learned", learned.reason ?? "");
  return told(context, learned);
}

async function show(context: CommandContext, [name = ""]: string[]): Promise<CommandResult> {
  return told(context, namedSkill(context.instance().db, name));
}

async function use(context: CommandContext, [name = "", ...input]: string[]) {
  const instance = context.instance();
  const skill = namedSkill(instance.db, name);
  const { useSkill } = await import("../../agent/skills/use.ts");
  const { trainer, generator, db, home } = instance.runtime().context;
  const { format } = taskOf(db, skill);
  // A grid's rows may be given one by one.
  const text = input.join(format === "grid" ? "\n" : " ");
  const attempts = await useSkill(
    { trainer, generator, db, home, signal: context.signal },
    skill,
    text,
  );
  if (attempts.length === 0) {
    throw new CommandError("no-answer", `“${name}” gave no answer that fits its task.`);
  }
  return { data: attempts, text: attempts.map(({ output }) => output).join("\n\nor\n\n") };
}

async function remove(context: CommandContext, [name = ""]: string[]): Promise<CommandResult> {
  const { db, home } = context.instance();
  const skill = namedSkill(db, name);
  forgetSkill(db, home, skill);
  return { data: { removed: name }, text: `“${name}” is forgotten.` };
}

function told(context: CommandContext, skill: Skill): CommandResult {
  const data = skillFacts(context.instance().db, skill);
  const { name, state, reason = "", examples, inContext, trials, tests, invalid } = data;
  const recipes = table(trials, [
    { head: "", cell: ({ chosen }) => (chosen ? "→" : "") },
    { head: "recipe", cell: ({ recipe }) => recipe },
    { head: "right", cell: ({ exact }) => percent(exact), right: true },
    { head: "log p/token", cell: ({ logprob }) => decimal(logprob), right: true },
    { head: "seconds", cell: ({ seconds }) => decimal(seconds), right: true },
    { head: "", cell: ({ bounded, diverged }) => (diverged ? "diverged" : bounded ? "cut" : "") },
  ]);
  const answers = tests.map(({ input, output, attempts }) => {
    const said = attempts.map((it) => `${it.output}\n(${it.votes} votes)`).join("\nor\n");
    return `${input}\n>\n${said || "no answer"}${output === null ? "" : `\nright:\n${output}`}`;
  });
  const head = `Skill “${name}”: ${state}, ${examples} examples${reason ? `\n${reason}` : ""}`;
  const compared =
    trials.length > 0
      ? `Right of the examples held out; ${percent(inContext)} in context${invalid > 0 ? `; ${invalid} texts were no recipe` : ""}\n${recipes}`
      : "";
  return {
    data,
    text: [head, compared, ...(state === "ready" ? answers : [])].filter(Boolean).join("\n\n"),
  };
}

async function readFile(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("unreadable", `The task ${path} cannot be read: ${reason}.`);
  }
}
