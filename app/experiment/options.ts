import type { Command } from "commander";
import {
  ARMS,
  type Arm,
  type ExperimentConfig,
  gridOf,
  PAPER_RECIPE,
  PAPER_WRITER,
  quickRecipe,
  REWARD_SOURCES,
  type Recipe,
  type RewardSource,
} from "../../agent/experiment/config.ts";
import { DEFAULT_WRITER } from "../../agent/writer/settings.ts";
import type { PromptKind } from "../../db/candidates.ts";
import type { Budget, Regime } from "../../db/experiment-results.ts";
import { BUDGETS, PROMPT_KINDS } from "../../db/schema.ts";
import { ConfigError, type Knob, listOf, numeric, oneOf, readKnob, whole } from "../knob.ts";

/** What `selkie experiment knowledge` may be told; all as text. */
export interface KnowledgeOptions {
  worldSeed?: string;
  model?: string;
  arms: string;
  kinds: string;
  regime: string;
  budgets: string;
  seeds: string;
  passages: string;
  n: string;
  sets: string;
  tune: string;
  rounds: string;
  roundPassages: string;
  edits: string;
  samples: string;
  lists: string;
  reward?: string;
  answers?: boolean;
  recipe?: string;
  epochs?: string;
  rates?: string;
  epochGrid?: string;
  writerEpochs?: string;
  writerRate?: string;
  teacher?: string;
  teacherModel?: string;
  minutes?: string;
  out?: string;
  rows?: boolean;
}

/** Adds the options of {@link KnowledgeOptions} to a command. */
export function knowledgeOptions(command: Command): Command {
  return command
    .option("--world-seed <n>", "passages of the invented world, in place of a file")
    .option("--model <file>", "a GGUF (default: SELKIE_MODEL)")
    .option("--arms <list>", ARMS.join(", "), ARMS.join(","))
    .option("--kinds <list>", "prompt kinds, side by side", "implications")
    .option(
      "--regime <which>",
      "single: one passage at a time; together: n at once; both",
      "single",
    )
    .option("--budgets <list>", "equal epochs, equal tokens, or tuned freely", "epochs,tokens")
    .option("--seeds <n>", "how many times, each with an outer loop of its own", "1")
    .option("--passages <n>", "reported one at a time", "40")
    .option("--n <n>", "passages of a set that is learned at once", "40")
    .option("--sets <n>", "how many sets", "1")
    .option("--tune <n>", "passages on which hyperparameters are chosen", "12")
    .option("--rounds <k>", "rounds of the outer loop", "2")
    .option("--round-passages <n>", "passages of a round", "50")
    .option("--edits <m>", "edits of a passage among which the reward chooses", "5")
    .option("--samples <n>", "edits as they come that own and seal are averaged over", "2")
    .option("--lists <n>", "lists sampled for one edit", "1")
    .option("--reward <source>", "gold: from the data; written: by the model", "gold")
    .option("--answers", "let the model answer in its own words, too")
    .option("--recipe <which>", "quick (default for the embedded model) or paper")
    .option("--epochs <n>", "where arms are compared at equal epochs")
    .option("--rates <list>", "learning rates that are tried for every arm alike")
    .option("--epoch-grid <list>", "epochs that are tried with --budgets tuned")
    .option("--writer-epochs <n>", "epochs of the writer's training")
    .option("--writer-rate <x>", "its learning rate")
    .option(
      "--teacher <who>",
      "rules (of the world), recorded edits (.json), an OpenAI-compatible address, or a GGUF (default: rules in the world, else SELKIE_TEACHER)",
    )
    .option("--teacher-model <name>", "the model's name at the teacher's address")
    .option("--minutes <n>", "end after so long with what there is; the same command goes on")
    .option("--out <file.json>", "write everything to a file, and the chart beside it (.svg)")
    .option("--no-rows", "leave the rows of every passage out");
}

function readNumbers(name: string, text: string, each: Knob<number>): number[] {
  const expected = `some of them, separated by commas, each ${each.expected}`;
  return text.split(",").map((part) => readKnob(name, part, { ...each, expected }));
}

/**
 * The configuration of an experiment.
 * @throws ConfigError for the first value that cannot be used
 */
export function readConfig(
  options: KnowledgeOptions,
  facts: { embedded: boolean; layers: number; teacher?: string },
): ExperimentConfig {
  const count = (name: string, text: string, min = 1, max = 100_000) =>
    readKnob(`--${name}`, text, whole(min, max));
  const regime = readKnob("--regime", options.regime, oneOf("single", "together", "both"));
  const arms = readKnob("--arms", options.arms, listOf(ARMS));
  const edits = count("edits", options.edits, 1, 64);
  const config: ExperimentConfig = {
    arms: ARMS.filter((arm) => arms.includes(arm) && (arm !== "teacher" || facts.teacher)) as Arm[],
    kinds: [...new Set(readKnob("--kinds", options.kinds, listOf(PROMPT_KINDS)))] as PromptKind[],
    regimes: (regime === "both" ? ["single", "together"] : [regime]) as Regime[],
    budgets: BUDGETS.filter((it) =>
      readKnob("--budgets", options.budgets, listOf(BUDGETS)).includes(it),
    ) as Budget[],
    seeds: Array.from({ length: count("seeds", options.seeds, 1, 100) }, (_, i) => i + 1),
    passages: count("passages", options.passages),
    sets: count("sets", options.sets),
    together: count("n", options.n),
    tune: count("tune", options.tune, 0),
    rounds: count("rounds", options.rounds, 1, 20),
    writePassages: count("round-passages", options.roundPassages),
    edits,
    samples: Math.min(edits, count("samples", options.samples, 1, 64)),
    lists: count("lists", options.lists, 1, 32),
    reward: readKnob(
      "--reward",
      options.reward ?? "gold",
      oneOf(...REWARD_SOURCES),
    ) as RewardSource,
    answers: options.answers === true,
    end: facts.embedded,
    recipe: readRecipe(options, facts),
    writer: readWriter(options, facts.embedded),
    ...(facts.teacher && arms.includes("teacher") && { teacher: facts.teacher }),
  };
  if (config.tune === 0 && config.budgets.some((it) => gridOf(config.recipe, it).length > 1)) {
    throw new ConfigError(
      "--tune is 0, so there is nothing to choose a learning rate on: give one with --rates, or passages with --tune.",
    );
  }
  return config;
}

function readRecipe(
  options: KnowledgeOptions,
  { embedded, layers }: { embedded: boolean; layers: number },
): Recipe {
  const which = readKnob(
    "--recipe",
    options.recipe ?? (embedded ? "quick" : "paper"),
    oneOf("quick", "paper"),
  );
  const recipe = which === "quick" ? quickRecipe(layers) : PAPER_RECIPE;
  const { epochs, rates, epochGrid } = options;
  return {
    ...recipe,
    ...(epochs && { epochs: readKnob("--epochs", epochs, whole(1, 1000)) }),
    ...(rates && { rates: readNumbers("--rates", rates, numeric(1e-8, 1)) }),
    ...(epochGrid && { epochGrid: readNumbers("--epoch-grid", epochGrid, whole(1, 1000)) }),
  };
}

function readWriter(options: KnowledgeOptions, embedded: boolean): ExperimentConfig["writer"] {
  const { lora, train } = embedded ? DEFAULT_WRITER : PAPER_WRITER;
  const { writerEpochs, writerRate } = options;
  return {
    lora,
    train: {
      ...train,
      ...(writerEpochs && { epochs: readKnob("--writer-epochs", writerEpochs, whole(1, 1000)) }),
      ...(writerRate && { learningRate: readKnob("--writer-rate", writerRate, numeric(1e-8, 1)) }),
    },
  };
}

/** The time limit in milliseconds, where there is one. */
export function readMinutes({ minutes }: Pick<KnowledgeOptions, "minutes">): number | undefined {
  return minutes === undefined
    ? undefined
    : readKnob("--minutes", minutes, numeric(0.01, 100_000)) * 60_000;
}
