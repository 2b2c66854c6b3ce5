import * as v from "valibot";

/** Answers to one request that are written side by side. */
const MAX_CHOICES = 8;
const MAX_INPUTS = 256;
const MAX_SEED = 0x7fffffff;

/** Null is as good as nothing, as in OpenAI's interface. */
const maybe = <T extends v.GenericSchema>(schema: T) => v.nullish(schema);

const text = v.object({ type: v.literal("text"), text: v.string() });
const content = v.union(
  [v.string(), v.array(text)],
  "Only text can be read: content must be a text, or a list of parts of type text.",
);

const sampling = {
  model: v.pipe(v.string(), v.nonEmpty()),
  max_tokens: maybe(v.pipe(v.number(), v.integer(), v.minValue(1))),
  temperature: maybe(v.pipe(v.number(), v.minValue(0), v.maxValue(2))),
  top_p: maybe(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
  seed: maybe(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_SEED))),
  stop: maybe(v.union([v.string(), v.pipe(v.array(v.string()), v.maxLength(16))])),
  n: maybe(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_CHOICES))),
  stream: maybe(v.boolean()),
  stream_options: maybe(v.looseObject({ include_usage: v.optional(v.boolean()) })),
};

export const ChatRequest = v.looseObject({
  ...sampling,
  messages: v.pipe(
    v.array(
      v.looseObject({
        role: v.picklist(
          ["system", "developer", "user", "assistant"],
          "A role must be system, developer, user or assistant: tools are not supported.",
        ),
        content,
      }),
    ),
    v.nonEmpty("There is no message: send one."),
  ),
  max_completion_tokens: maybe(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

export const CompletionRequest = v.looseObject({
  ...sampling,
  prompt: v.union(
    [v.string(), v.pipe(v.array(v.string()), v.nonEmpty(), v.maxLength(MAX_CHOICES))],
    `A prompt must be a text, or a list of at most ${MAX_CHOICES}; tokens are not read.`,
  ),
});

export const EmbeddingRequest = v.looseObject({
  model: v.pipe(v.string(), v.nonEmpty()),
  input: v.union(
    [
      v.pipe(v.string(), v.nonEmpty()),
      v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.nonEmpty(), v.maxLength(MAX_INPUTS)),
    ],
    `An input must be a text that is not empty, or a list of at most ${MAX_INPUTS}; tokens are not read.`,
  ),
  encoding_format: maybe(v.picklist(["float", "base64"])),
});

export type ChatRequest = v.InferOutput<typeof ChatRequest>;
export type CompletionRequest = v.InferOutput<typeof CompletionRequest>;
export type EmbeddingRequest = v.InferOutput<typeof EmbeddingRequest>;

/** What would change the answer and is not done here, with what of it does no harm. */
export const UNSUPPORTED: Record<string, (value: unknown) => boolean> = {
  tools: isEmpty,
  functions: isEmpty,
  logit_bias: isEmpty,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  response_format: (value) => (value as { type?: unknown }).type === "text",
  echo: (value) => value === false,
  suffix: (value) => value === "",
  best_of: (value) => value === 1,
  dimensions: () => false,
};

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
