import type { Rng } from "../../world/rng.ts";
import {
  type Act,
  at,
  beside,
  draw,
  EMPTY,
  heightOf,
  mapCells,
  mirrored,
  turnedBy,
  upsideDown,
  widthOf,
} from "../canvas.ts";
import { type Family, followed } from "../family.ts";
import { colour } from "../scenes.ts";
import * as colours from "./colours.ts";
import * as geometric from "./geometric.ts";
import * as lines from "./lines.ts";
import * as logic from "./logic.ts";
import * as objects from "./objects.ts";

/**
 * What a family is for. The model is pre-trained on `train` alone; how to learn is practised on
 * `practice`; results come from `heldout`.
 */
export const SPLITS = ["train", "practice", "heldout"] as const;
export type Split = (typeof SPLITS)[number];

const aMirror = (rng: Rng): Act => rng.pick([mirrored, upsideDown]);
const aHalfTurn = (): Act => (grid) => turnedBy(grid, 2);
const aQuarterTurn = (rng: Rng): Act => {
  const quarters = rng.pick([1, 3]);
  return (grid) => turnedBy(grid, quarters);
};
/** Whatever is not empty becomes one colour. */
const inOneColour = (rng: Rng): Act => {
  const to = colour(rng);
  return (grid) => mapCells(grid, (old) => (old === EMPTY ? old : to));
};
/** Whatever is empty becomes one colour. */
const onAGround = (rng: Rng): Act => {
  const to = colour(rng);
  return (grid) => mapCells(grid, (old) => (old === EMPTY ? to : old));
};
/** The grid twice, side by side. */
const doubled = (): Act => (grid) => beside(grid, grid);
/** A rim of one colour around the grid. */
const framed = (rng: Rng): Act => {
  const frame = colour(rng);
  return (grid) =>
    draw(heightOf(grid) + 2, widthOf(grid) + 2, (r, c) =>
      r === 0 || c === 0 || r === heightOf(grid) + 1 || c === widthOf(grid) + 1
        ? frame
        : at(grid, r - 1, c - 1),
    );
};

const g = geometric;
/** Relatives of what is trained, and two trained steps one after the other. */
export const FAMILIES: Record<Split, Family[]> = {
  train: [
    g.mirror,
    g.quarterTurn,
    g.transpose,
    g.roll,
    g.shift,
    g.half,
    g.peel,
    g.extend,
    g.tile,
    g.enlarge,
    g.copyEnd,
    g.swapEnds,
    colours.recolour,
    colours.erase,
    colours.keep,
    colours.swapColours,
    colours.mapColours,
    colours.mergeColours,
    colours.invert,
    colours.fillMost,
    colours.border,
    colours.checker,
    colours.edges,
    objects.crop,
    objects.fillOutline,
    objects.mend,
    objects.boxFromCorners,
    objects.mirrorObject,
    objects.moveObject,
    objects.denoise,
    objects.cropColour,
    lines.fullLines,
    lines.rays,
    lines.plus,
    lines.fromRim,
    lines.connect,
    lines.gravity,
    lines.sortBars,
    lines.continuePattern,
    lines.completeMirror,
    logic.and,
    logic.or,
    logic.xor,
  ],
  practice: [
    g.halfTurn,
    g.rollDiagonally,
    g.widen,
    colours.cycleColours,
    colours.corners,
    colours.stripes,
    objects.hollow,
    lines.cross,
    logic.without,
    followed(colours.recolour, "recolour, then mirror", aMirror),
    followed(objects.crop, "crop, then turn", aQuarterTurn),
    followed(lines.gravity, "gravity in one colour", inOneColour),
  ],
  heldout: [
    g.antiTranspose,
    g.rollTwo,
    g.quarter,
    g.kaleidoscope,
    g.tileThrice,
    g.meander,
    g.shear,
    colours.fillLeast,
    colours.keepMost,
    colours.clearMiddle,
    colours.diagonal,
    objects.outlineFromCorners,
    objects.halo,
    lines.diagonals,
    lines.longestBar,
    lines.count,
    logic.nor,
    followed(colours.swapColours, "swap two colours, then turn", aHalfTurn),
    followed(colours.keep, "keep one colour, then mirror", aMirror),
    followed(objects.crop, "crop, then double", doubled),
    followed(objects.moveObject, "move to the rim in one colour", inOneColour),
    followed(lines.rays, "rays on a ground", onAGround),
    followed(lines.connect, "connect the points, then mirror", aMirror),
    followed(g.half, "half in a frame", framed),
  ],
};

/** Trained ones whose cells stay where they are, so that what an output cell comes from is found first. */
export const IN_PLACE: readonly Family[] = [
  colours.recolour,
  colours.erase,
  colours.keep,
  colours.swapColours,
  colours.mapColours,
  colours.mergeColours,
  colours.invert,
  colours.border,
  colours.checker,
  objects.mend,
  objects.fillOutline,
  objects.denoise,
];
