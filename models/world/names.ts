import { hashText, type Rng } from "./rng.ts";
import {
  GIVEN_HEADS,
  GIVEN_TAILS_HE,
  GIVEN_TAILS_SHE,
  MIDDLES,
  ONSETS,
  RIMES,
  TAILS,
} from "./syllables.ts";

/** Which part of the name space a name belongs to. Nothing held out is ever trained on. */
export type Split = "train" | "heldout";

export type Pronoun = "he" | "she" | "it";

/** One name in this many is held out. */
const HELD_OUT_SHARE = 6;
const LONG_NAME_SHARE = 0.35;

/** The split is a property of the invented word itself, so no list of used names is needed. */
export function splitOf(core: string): Split {
  return hashText(core) % HELD_OUT_SHARE === 0 ? "heldout" : "train";
}

/** An invented word of `split`, such as `Torvane`. */
export function coreName(rng: Rng, split: Split): string {
  for (;;) {
    const name = anyCoreName(rng);
    if (splitOf(name) === split) return name;
  }
}

function anyCoreName(rng: Rng): string {
  const head = rng.pick(ONSETS) + rng.pick(RIMES);
  const middle = rng.chance(LONG_NAME_SHARE) ? rng.pick(MIDDLES) : "";
  const tail = rng.pick(TAILS);
  // No letter three times in a row.
  return (head + middle + tail).replace(/(.)\1\1+/gi, "$1$1");
}

export function givenName(rng: Rng, pronoun: Pronoun): string {
  return rng.pick(GIVEN_HEADS) + rng.pick(pronoun === "she" ? GIVEN_TAILS_SHE : GIVEN_TAILS_HE);
}

/** A person's name such as `Ilsa Torvane`; its family name decides the split. */
export function personName(rng: Rng, split: Split, pronoun?: Pronoun): string {
  const given = givenName(rng, pronoun ?? (rng.chance(0.5) ? "she" : "he"));
  return `${given} ${coreName(rng, split)}`;
}

export const PLACE_PREFIXES = [
  "Port",
  "Upper",
  "Little",
  "New",
  "Old",
  "North",
  "East",
  "Castle",
  "Long",
];

/** A place such as `Torvane` or `Port Torvane`. */
export function placeName(rng: Rng, split: Split): string {
  const core = coreName(rng, split);
  return rng.chance(0.2) ? `${rng.pick(PLACE_PREFIXES)} ${core}` : core;
}
