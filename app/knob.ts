import * as v from "valibot";

/** A setting that cannot be used, in one sentence that names it and says what it may be. */
export class ConfigError extends Error {
  readonly code = "config";

  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

/** What a setting may be: a check, and the same in words. */
export interface Knob<T> {
  schema: v.GenericSchema<unknown, T>;
  expected: string;
}

/** A number from `min` to `max`, given as a number or in decimal. */
export function numeric(min: number, max: number): Knob<number> {
  return {
    schema: v.pipe(decimal, v.minValue(min), v.maxValue(max)),
    expected: `a number from ${min} to ${max}`,
  };
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): Knob<number> {
  return {
    schema: v.pipe(decimal, v.integer(), v.minValue(min), v.maxValue(max)),
    expected: `a whole number from ${min} to ${max}`,
  };
}

/** One of a few words. */
export function oneOf<T extends string>(...options: T[]): Knob<T> {
  return { schema: v.pipe(word, v.picklist(options)), expected: `one of ${options.join(", ")}` };
}

/** A list of some of a few words, given as a list or separated by commas. */
export function listOf<T extends string>(options: readonly T[]): Knob<T[]> {
  const list = v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((text) => text.split(",").map((part) => part.trim())),
    ),
  ]);
  return {
    schema: v.pipe(list, v.array(v.picklist(options)), v.minLength(1)),
    expected: `some of ${options.join(", ")}, separated by commas`,
  };
}

/**
 * Checks a setting's value.
 * @param name what people set: the variable, or the setting's key
 * @throws ConfigError
 */
export function readKnob<T>(name: string, value: unknown, knob: Knob<T>): T {
  const result = v.safeParse(knob.schema, value);
  if (result.success) return result.output;
  const given = typeof value === "string" ? value : JSON.stringify(value);
  throw new ConfigError(`${name} is “${given}”, but it must be ${knob.expected}.`);
}

const word = v.pipe(v.string(), v.trim(), v.toLowerCase());
const decimal = v.union([
  v.number(),
  v.pipe(
    v.string(),
    v.trim(),
    v.regex(/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i),
    v.transform(Number),
  ),
]);
