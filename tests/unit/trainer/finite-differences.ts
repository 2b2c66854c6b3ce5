import { expect } from "bun:test";
import type { Arena } from "../../../trainer/ggml/backend.ts";
import { Graph, GraphAllocator } from "../../../trainer/ggml/graph.ts";
import { elements, F32, type Shape, type Tensor } from "../../../trainer/ggml/tensor.ts";
import { Gradients } from "../../../trainer/layers/gradients.ts";
import { normal, random, seedFor } from "../../../trainer/random.ts";
import { cpu } from "./fixture.ts";

/** Largest error that is put down to float32, relative to the derivative's usual size. */
export const TOLERANCE = 1e-2;
/** Length of a step along a direction, relative to the parameter's own. */
export const STEP = 1e-2;
export const DIRECTIONS = 3;

export const backend = cpu();
export const allocator = new GraphAllocator(backend);

/** Adds a computation to a graph: its result, and the gradients of Σ w ∘ result, given w. */
export type Computation = (g: Graph) => {
  y: Tensor;
  back: (w: Float32Array, gradients: Gradients) => Gradients;
};

export const gaussian = (count: number, name: string, deviation = 1): Float32Array =>
  normal(count, deviation, random(seedFor(11, name)));

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  a.forEach((x, i) => {
    sum += x * (b[i] as number);
  });
  return sum;
}

const arenas: Arena[] = [];

/** Frees what {@link parameters} made; at the end of a test file. */
export function freeParameters(): void {
  for (const arena of arenas.splice(0)) arena.free();
}

/** Tensors with seeded values on the device. */
export function parameters(shapes: Record<string, Shape>, deviation = 0.5): Map<string, Tensor> {
  const arena = backend.allocate(Object.entries(shapes).map(([name, ne]) => ({ name, ne })));
  arenas.push(arena);
  for (const [name, t] of arena.tensors) {
    backend.upload(t, gaussian(elements(t), name, deviation));
  }
  return arena.tensors;
}

export async function inGraph<T>(work: (g: Graph) => Promise<T>): Promise<T> {
  const g = new Graph(backend, 8192);
  try {
    return await work(g);
  } finally {
    g.free();
  }
}

/** The result of a computation, and what its backward gives for each parameter. */
export async function derive(computation: Computation, names: Iterable<string>) {
  const result = await evaluate(computation);
  const w = gaussian(result.length, "weights");
  const gradients = await inGraph(async (g) => {
    const { back } = computation(g);
    const { byName } = back(w, new Gradients(g));
    const outputs = [...names].map((name) => {
      const gradient = byName.get(name);
      if (!gradient) throw new Error(`no gradient of ${name}`);
      return [name, g.output(g.contiguous(gradient))] as const;
    });
    await g.run(allocator);
    return new Map(outputs.map(([name, t]) => [name, backend.download(t)]));
  });
  return { w, gradients };
}

export function evaluate(computation: Computation): Promise<Float32Array> {
  return inGraph(async (g) => {
    const y = g.output(computation(g).y);
    await g.run(allocator);
    return backend.download(y);
  });
}

/**
 * Error of one parameter's gradient: central differences of Σ w ∘ y along random directions against
 * the gradient's component there, relative to the size that such a component usually has.
 */
export async function gradientError(
  computation: Computation,
  parameter: Tensor,
  w: Float32Array,
  gradient: Float32Array,
  step = STEP,
): Promise<number> {
  const count = elements(parameter);
  expect(gradient.length).toBe(count);
  const origin = backend.download(parameter);
  const rms = Math.sqrt(dot(origin, origin) / count) || 1;
  let worst = 0;
  for (let i = 0; i < DIRECTIONS; i++) {
    const direction = gaussian(count, `direction ${i}`);
    const at = async (distance: number): Promise<number> => {
      backend.upload(
        parameter,
        origin.map((x, j) => x + distance * (direction[j] as number)),
      );
      return dot(await evaluate(computation), w);
    };
    const h = step * rms;
    const numeric = ((await at(h)) - (await at(-h))) / (2 * h);
    const exact = dot(gradient, direction);
    const usual = Math.sqrt(dot(gradient, gradient));
    const error = Math.abs(numeric - exact) / Math.max(Math.abs(exact), usual);
    worst = Math.max(worst, error);
  }
  backend.upload(parameter, origin);
  return worst;
}

export async function expectGradients(
  computation: Computation,
  tensors: Map<string, Tensor>,
  step = STEP,
): Promise<void> {
  const { w, gradients } = await derive(computation, tensors.keys());
  const errors: [string, number][] = [];
  for (const [name, tensor] of tensors) {
    const gradient = gradients.get(name) as Float32Array;
    errors.push([name, await gradientError(computation, tensor, w, gradient, step)]);
  }
  if (process.env.SELKIE_DEBUG) console.log(errors);
  // A NaN is no small error.
  expect(errors.filter(([, error]) => !(error < TOLERANCE))).toEqual([]);
}

/** A constant of the same shape as a tensor. */
export const input = (g: Graph, w: Float32Array, like: Tensor): Tensor => g.input(w, F32, like.ne);
