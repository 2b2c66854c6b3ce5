import type { Command } from "commander";
import {
  allRecipes,
  FEW_SHOT_ARMS,
  type FewShotConfig,
} from "../../../agent/experiment/few-shot/config.ts";
import { DEFAULT_TRAINING } from "../../../agent/skills/train.ts";
import { DEFAULT_VIEWS } from "../../../agent/skills/views.ts";
import { DEFAULT_WRITER } from "../../../agent/writer/settings.ts";
import { listOf, numeric, readKnob, whole } from "../../knob.ts";

/** What `selkie experiment few-shot` may be told; all as text. */
export interface FewShotOptions {
  model?: string;
  worldSeed?: string;
  arms: string;
  seeds: string;
  trainTasks: string;
  tasks: string;
  rounds: string;
  recipes: string;
  samples: string;
  search: string;
  views: string;
  steps: string;
  stepTokens: string;
  rank: string;
  writerEpochs: string;
  writerRate: string;
  minutes?: string;
  out?: string;
  rows?: boolean;
}

/** Adds the options of {@link FewShotOptions} to a command. */
export function fewShotOptions(command: Command): Command {
  const { epochs, learningRate } = DEFAULT_WRITER.train;
  const { lora, training, steps } = DEFAULT_TRAINING;
  return command
    .option("--model <file>", "a GGUF (default: the grid model, or SELKIE_MODEL for a folder)")
    .option("--world-seed <n>", "of the grid world's tasks, in place of a folder")
    .option("--arms <list>", FEW_SHOT_ARMS.join(", "), FEW_SHOT_ARMS.join(","))
    .option("--seeds <n>", "how many times, each with an outer loop of its own", "3")
    .option("--train-tasks <n>", "train the writer and choose the fixed recipe", "24")
    .option("--tasks <n>", "reported", "60")
    .option("--rounds <k>", "rounds of the outer loop", "2")
    .option("--recipes <m>", "recipes of each training task in a round", "6")
    .option("--samples <n>", "recipes as they come that own and seal are averaged over", "2")
    .option("--search <n>", "recipes that fixed and oracle choose from", "12")
    .option(
      "--views <n>",
      "ways in which a test is asked; their answers vote",
      String(DEFAULT_VIEWS),
    )
    .option(
      "--steps <n>",
      "full optimizer steps whose tokens a recipe may train on at most",
      String(steps),
    )
    .option("--step-tokens <n>", "tokens of an optimizer step", String(training.batchTokens))
    .option("--rank <r>", "of the adapters", String(lora.rank))
    .option("--writer-epochs <n>", "epochs of the writer's training", String(epochs))
    .option("--writer-rate <x>", "its learning rate", String(learningRate))
    .option("--minutes <n>", "end after so long with what there is; the same command goes on")
    .option("--out <file.json>", "write everything to a file, and the chart beside it (.svg)")
    .option("--no-rows", "leave the rows of every task out");
}

/**
 * The configuration of an experiment of few examples.
 * @throws ConfigError for the first value that cannot be used
 */
export function readFewShot(options: FewShotOptions): FewShotConfig {
  const count = (name: string, text: string, min = 1, max = 10_000) =>
    readKnob(`--${name}`, text, whole(min, max));
  const arms = readKnob("--arms", options.arms, listOf(FEW_SHOT_ARMS));
  const rank = count("rank", options.rank, 1, 1024);
  const { lora, train } = DEFAULT_WRITER;
  return {
    arms: FEW_SHOT_ARMS.filter((arm) => arms.includes(arm)),
    seeds: Array.from({ length: count("seeds", options.seeds, 1, 100) }, (_, i) => i + 1),
    trainTasks: count("train-tasks", options.trainTasks),
    reportTasks: count("tasks", options.tasks),
    rounds: count("rounds", options.rounds, 1, 20),
    recipes: count("recipes", options.recipes, 1, 64),
    samples: count("samples", options.samples, 1, 64),
    search: count("search", options.search, 1, allRecipes().length),
    views: count("views", options.views, 1, 64),
    steps: count("steps", options.steps),
    lora: { ...DEFAULT_TRAINING.lora, rank, alpha: 2 * rank },
    training: {
      ...DEFAULT_TRAINING.training,
      batchTokens: count("step-tokens", options.stepTokens, 16, 1_000_000),
    },
    writer: {
      lora,
      train: {
        ...train,
        epochs: count("writer-epochs", options.writerEpochs, 1, 1000),
        learningRate: readKnob("--writer-rate", options.writerRate, numeric(1e-8, 1)),
      },
    },
  };
}
