import { readFileSync } from "node:fs";
import * as v from "valibot";
import { TrainerError } from "../errors.ts";
import { duplicateKey } from "./safetensors.ts";

/** What matters of PEFT's adapter_config.json (LoraConfig, PEFT 0.19). */
export interface PeftConfig {
  rank: number;
  alpha: number;
  /** Scales by alpha / sqrt(rank) instead of alpha / rank (rsLoRA, arXiv 2312.03732). */
  rsLora: boolean;
  /** Other ranks and alphas for modules whose names match. */
  rankPattern: Record<string, number>;
  alphaPattern: Record<string, number>;
}

const POSITIVE = v.pipe(v.number(), v.finite(), v.minValue(Number.MIN_VALUE));
const RANK = v.pipe(v.number(), v.integer(), v.minValue(1));
const CONFIG = v.looseObject({
  peft_type: v.string(),
  r: RANK,
  lora_alpha: POSITIVE,
  use_rslora: v.optional(v.nullable(v.boolean())),
  rank_pattern: v.optional(v.nullable(v.record(v.string(), RANK))),
  alpha_pattern: v.optional(v.nullable(v.record(v.string(), POSITIVE))),
});

/** Settings that change what an adapter computes in ways that a GGUF adapter cannot express. */
const REFUSED = [
  "alora_invocation_tokens",
  "fan_in_fan_out",
  "layer_replication",
  "lora_bias",
  "modules_to_save",
  "target_parameters",
  "trainable_token_indices",
];
/** PEFT names its variants of LoRA so: these, too, are refused when they are set. */
const VARIANT = /^use_|_config$/;
/** But these only matter in training, or to where the adapter starts. */
const HARMLESS = [
  "corda_config",
  "eva_config",
  "loftq_config",
  "lora_ga_config",
  "megatron_config",
  "runtime_config",
  "use_rslora",
  "velora_config",
];
/** Starts that leave the base as it was; the others subtract something from its weights. */
const PLAIN_STARTS = [true, false, "gaussian", "eva", "orthogonal", "mica"];

/**
 * Reads an adapter_config.json, and refuses by name what cannot be represented.
 * @throws TrainerError `adapter-unreadable`
 */
export function readPeftConfig(path: string): PeftConfig {
  const refuse = (what: string): TrainerError =>
    new TrainerError("adapter-unreadable", `${path} ${what}.`);
  let text: string;
  let json: unknown;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw refuse(
      `cannot be read (${(cause as NodeJS.ErrnoException).code}): name a folder that PEFT saved an adapter in`,
    );
  }
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse("is not JSON: save the adapter again");
  }
  const parsed = v.safeParse(CONFIG, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw refuse(`has no usable ${v.getDotPath(issue) ?? "object"} (${issue.message})`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw refuse(`has ${twice} twice`);
  const config = parsed.output;
  if (config.peft_type !== "LORA") {
    throw refuse(`describes an adapter of the kind ${config.peft_type}; only LORA can be imported`);
  }
  const unsupported = Object.keys(config).find(
    (key) =>
      (REFUSED.includes(key) || (VARIANT.test(key) && !HARMLESS.includes(key))) &&
      isSet(config[key]),
  );
  if (unsupported) {
    throw refuse(
      `uses ${unsupported}, which a GGUF adapter cannot express: train without it, or merge the adapter into its base with PEFT`,
    );
  }
  if (config.bias !== undefined && config.bias !== "none") {
    throw refuse(`has bias ${JSON.stringify(config.bias)}: biases cannot be in a GGUF adapter`);
  }
  const init = config.init_lora_weights;
  if (init !== undefined && init !== null && !PLAIN_STARTS.includes(init as string)) {
    throw refuse(
      `was initialised by ${JSON.stringify(init)}, which changes the base's weights: save it with PEFT's path_initial_model_for_weight_conversion`,
    );
  }
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    rsLora: config.use_rslora === true,
    rankPattern: config.rank_pattern ?? {},
    alphaPattern: config.alpha_pattern ?? {},
  };
}

/** The rank of a module and the factor of its B·A, by PEFT's rules. */
export function moduleScaling(config: PeftConfig, module: string): { rank: number; scale: number } {
  const rank = match(config.rankPattern, module) ?? config.rank;
  const alpha = match(config.alphaPattern, module) ?? config.alpha;
  return { rank, scale: alpha / (config.rsLora ? Math.sqrt(rank) : rank) };
}

/**
 * The first pattern that the module's name matches at its end, from a dot on (PEFT's
 * get_pattern_key). Patterns are regular expressions.
 */
function match(patterns: Record<string, number>, module: string): number | undefined {
  for (const [pattern, value] of Object.entries(patterns)) {
    let expression: RegExp;
    try {
      expression = new RegExp(`^(?:.*\\.)?(?:${pattern})$`);
    } catch {
      throw new TrainerError(
        "adapter-unreadable",
        `The adapter's configuration has the pattern ${JSON.stringify(pattern)}, which is no regular expression that is understood here. Name the modules in full.`,
      );
    }
    if (expression.test(module)) return value;
  }
  return undefined;
}

function isSet(value: unknown): boolean {
  if (value === null || value === undefined || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** What adapter_config.json says of an adapter of ours. */
export function peftConfigJson(options: {
  baseName: string;
  rank: number;
  alpha: number;
  targetModules: string[];
  rankPattern: Record<string, number>;
  alphaPattern: Record<string, number>;
}): string {
  const config = {
    alpha_pattern: options.alphaPattern,
    base_model_name_or_path: options.baseName,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: options.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: "LORA",
    r: options.rank,
    rank_pattern: options.rankPattern,
    target_modules: options.targetModules,
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: false,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
