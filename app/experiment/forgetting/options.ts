import type { Command } from "commander";
import { quickRecipe } from "../../../agent/experiment/config.ts";
import {
  FORGETTING_ARMS,
  type ForgettingConfig,
  type LearnerChoice,
  USUAL_ARMS,
  usualEvery,
} from "../../../agent/experiment/forgetting/config.ts";
import { DEFAULT_SETTINGS, type LearnerSettings } from "../../../agent/settings.ts";
import type { PromptKind } from "../../../db/candidates.ts";
import { PROMPT_KINDS } from "../../../db/schema.ts";
import { listOf, numeric, oneOf, readKnob, whole } from "../../knob.ts";

/** What `selkie experiment forgetting` may be told; all as text. */
export interface ForgettingOptions {
  model?: string;
  worldSeed: string;
  arms: string;
  sequences: string;
  passages: string;
  orders: string;
  kind: string;
  edits: string;
  lists: string;
  every?: string;
  recipe: string;
  epochs?: string;
  rate?: string;
  replay?: string;
  rehearsal?: string;
  control?: string;
  measured?: string;
  sleepEvery?: string;
  minutes?: string;
  out?: string;
  rows?: boolean;
}

/** Adds the options of {@link ForgettingOptions} to a command. */
export function forgettingOptions(command: Command): Command {
  const { control, measureProbes, replayShare, rehearsal } = DEFAULT_SETTINGS;
  return command
    .option("--model <file>", "a GGUF (default: SELKIE_MODEL)")
    .option("--world-seed <n>", "of the invented world's passages", "1")
    .option("--arms <list>", `some of ${FORGETTING_ARMS.join(", ")}`, USUAL_ARMS.join(","))
    .option("--sequences <n>", "sequences of passages, each learned by every arm", "4")
    .option("--passages <n>", "passages of a sequence", "8")
    .option("--orders <n>", "orders in which the passages of a sequence are learned", "1")
    .option("--kind <which>", "prompt kind of the edits", "self-qa")
    .option("--edits <m>", "edits of a passage among which the reward chooses", "1")
    .option("--lists <n>", "lists sampled for one edit", String(DEFAULT_SETTINGS.editLists))
    .option("--every <n>", "updates between two looks at all passages (default: 1, or 10 of many)")
    .option("--recipe <which>", "learner: as it learns; quick: the last block alone", "learner")
    .option("--epochs <n>", "of every training")
    .option("--rate <x>", "learning rate of every training")
    .option("--replay <share>", `of an update's tokens (default: ${replayShare})`)
    .option("--rehearsal <share>", `of an update's tokens (default: ${rehearsal.share})`)
    .option("--control <n>", `control items of each kind and half (default: ${control.items})`)
    .option("--measured <n>", `probes asked after an update (default: ${measureProbes})`)
    .option("--sleep-every <k>", "updates between two sleeps (default: half of a sequence, or 50)")
    .option("--minutes <n>", "end after so long with what there is; the same command goes on")
    .option("--out <file.json>", "write everything to a file, and the chart beside it (.svg)")
    .option("--no-rows", "leave the rows of every sequence out");
}

/**
 * The configuration of an experiment of forgetting.
 * @throws ConfigError for the first value that cannot be used
 */
export function readForgetting(
  options: ForgettingOptions,
  facts: { embedded: boolean; layers: number },
): ForgettingConfig {
  const count = (name: string, text: string, min: number, max: number) =>
    readKnob(`--${name}`, text, whole(min, max));
  const { every } = options;
  const length = count("passages", options.passages, 2, 10_000);
  const arms = readKnob("--arms", options.arms, listOf(FORGETTING_ARMS));
  return {
    arms: FORGETTING_ARMS.filter((arm) => arms.includes(arm)),
    sequences: count("sequences", options.sequences, 1, 1000),
    orders: count("orders", options.orders, 1, 100),
    length,
    seed: count("world-seed", options.worldSeed, 0, 100_000),
    kind: readKnob("--kind", options.kind, oneOf(...PROMPT_KINDS)) as PromptKind,
    candidates: count("edits", options.edits, 1, 64),
    lists: count("lists", options.lists, 1, 32),
    every: every === undefined ? usualEvery(length) : count("every", every, 1, 10_000),
    end: facts.embedded,
    learner: readLearner(options, facts, length),
  };
}

function readLearner(
  options: ForgettingOptions,
  { layers }: { layers: number },
  length: number,
): LearnerChoice {
  const { replayShare, maxReplayRows, rehearsal, control, gate, measureProbes } = DEFAULT_SETTINGS;
  const share = (name: string, text: string | undefined, usual: number, most: number) =>
    text === undefined ? usual : readKnob(`--${name}`, text, numeric(0, most));
  const { sleepEvery, control: items, measured } = options;
  return {
    replayShare: share("replay", options.replay, replayShare, 0.5),
    maxReplayRows,
    rehearsal: {
      ...rehearsal,
      share: share("rehearsal", options.rehearsal, rehearsal.share, 0.9),
    },
    control:
      items === undefined ? control : { items: readKnob("--control", items, whole(1, 1000)) },
    gate,
    measureProbes:
      measured === undefined ? measureProbes : readKnob("--measured", measured, whole(1, 100_000)),
    sleepEvery:
      sleepEvery === undefined
        ? Math.min(50, Math.max(4, Math.floor(length / 2)))
        : readKnob("--sleep-every", sleepEvery, whole(4, 10_000)),
    ...readRecipe(options, layers),
  };
}

/** The learner's own rank, rate and epochs, or those of the quick recipe at the rate that its few weights take. */
function readRecipe(
  options: ForgettingOptions,
  layers: number,
): Pick<LearnerSettings, "lora" | "train"> {
  const which = readKnob("--recipe", options.recipe, oneOf("learner", "quick"));
  const { lora, train } = DEFAULT_SETTINGS;
  const quick = quickRecipe(layers);
  const base =
    which === "learner"
      ? { lora, train }
      : {
          lora: quick.lora,
          train: { ...train, ...quick.train, epochs: quick.epochs, learningRate: QUICK_RATE },
        };
  const { epochs, rate } = options;
  return {
    lora: base.lora,
    train: {
      ...base.train,
      ...(epochs !== undefined && { epochs: readKnob("--epochs", epochs, whole(1, 1000)) }),
      ...(rate !== undefined && { learningRate: readKnob("--rate", rate, numeric(1e-8, 1)) }),
    },
  };
}

/** Passages are still learned at it, and what the base knows is still kept. */
const QUICK_RATE = 2.5e-3;
