import { TrainerError } from "../errors.ts";
import type { Graph } from "../ggml/graph.ts";
import { elements, F32, shape, type Tensor } from "../ggml/tensor.ts";
import { random } from "../random.ts";

/** Values by which one mask may lie behind another in the pool, and the step between such places. */
const SLACK = 1 << 16;
const STEP = 64;
/** Prime to the number of places, so that places repeat only after all have been used. */
const PRIME = 389;
const F32_BYTES = 4;

/**
 * Masks of inverted dropout (arXiv 1207.0580): 0 with probability `share`, else 1/(1 - share). All
 * masks of a graph are stretches of one random pool, each from a place of its own: drawing one value
 * per input of every layer would take the host longer than some devices take for the step.
 */
export class DropoutMasks {
  private pool: Tensor | undefined;
  private readonly masks = new Map<string, Tensor>();

  constructor(
    private readonly g: Graph,
    private readonly share: number,
    private readonly seed: number,
    /** Elements of the largest tensor that is masked. */
    private readonly largest: number,
  ) {}

  /** The mask of a layer's input, shaped like it: always the same one within a graph. */
  mask(layer: string, x: Tensor): Tensor {
    const known = this.masks.get(layer);
    if (known) return known;
    if (elements(x) > this.largest) {
      throw new TrainerError("internal", `A mask of ${elements(x)} values, from ${this.largest}.`);
    }
    this.pool ??= this.g.input(this.draw(), F32, shape(this.largest + SLACK));
    const place = (this.masks.size * PRIME) % (SLACK / STEP);
    const row = x.ne[0] * F32_BYTES;
    const mask = this.g.view(this.pool, x.ne, row, row * x.ne[1], place * STEP * F32_BYTES);
    this.masks.set(layer, mask);
    return mask;
  }

  private draw(): Float32Array {
    const next = random(this.seed);
    const kept = 1 / (1 - this.share);
    const values = new Float32Array(this.largest + SLACK);
    for (let i = 0; i < values.length; i++) values[i] = next() < this.share ? 0 : kept;
    return values;
  }
}
