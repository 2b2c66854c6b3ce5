import { LISTS, type ListName, MONTHS } from "./lists.ts";
import { coreName, personName, placeName, type Split } from "./names.ts";
import type { Rng } from "./rng.ts";

/** What kind of value an attribute has. */
export type ValueSpec =
  | { type: "year"; from: number; to: number }
  | { type: "quantity"; unit: string; from: number; to: number; step: number }
  | { type: "date" }
  | { type: "person" }
  | { type: "place" }
  | { type: "river" }
  | { type: "list"; list: ListName };

export const year = (from: number, to: number): ValueSpec => ({ type: "year", from, to });
export const quantity = (unit: string, from: number, to: number, step = 1): ValueSpec => ({
  type: "quantity",
  unit,
  from,
  to,
  step,
});
export const oneOf = (list: ListName): ValueSpec => ({ type: "list", list });
export const DATE: ValueSpec = { type: "date" };
export const PERSON: ValueSpec = { type: "person" };
export const PLACE: ValueSpec = { type: "place" };
export const RIVER: ValueSpec = { type: "river" };

/** Values with the same type name can stand in for each other as distractors. */
export function typeName(spec: ValueSpec): string {
  if (spec.type === "quantity") return `quantity:${spec.unit}`;
  if (spec.type === "list") return spec.list;
  return spec.type;
}

/** Draws a value; invented names come from `split` so that held-out names stay unseen. */
export function drawValue(spec: ValueSpec, rng: Rng, split: Split): string {
  switch (spec.type) {
    case "year":
      return String(rng.int(spec.from, spec.to));
    case "quantity":
      return `${rng.int(Math.ceil(spec.from / spec.step), Math.floor(spec.to / spec.step)) * spec.step} ${spec.unit}`;
    case "date":
      return `${rng.int(1, 28)} ${rng.pick(MONTHS)}`;
    case "person":
      return personName(rng, split);
    case "place":
      return placeName(rng, split);
    case "river":
      return coreName(rng, split);
    case "list":
      return rng.pick(LISTS[spec.list]);
  }
}

/** `count` different values of the same kind as `value`, none equal to it. */
export function drawDistractors(
  spec: ValueSpec,
  value: string,
  count: number,
  rng: Rng,
  split: Split,
): string[] {
  const found = new Set<string>();
  while (found.size < count) {
    const other = drawValue(spec, rng, split);
    if (other !== value) found.add(other);
  }
  return [...found];
}
