/** A seeded stream of numbers in [0, 1): mulberry32, whose 32-bit state is enough for shuffles and initial weights. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Derives a seed for a named purpose, so that two streams of one job never coincide (FNV-1a). */
export function seedFor(seed: number, purpose: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < purpose.length; i++) {
    hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Uniform values in [-bound, bound). */
export function uniform(count: number, bound: number, next: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => (next() * 2 - 1) * bound);
}

/** Normal values by the Box-Muller transform. */
export function normal(count: number, deviation: number, next: () => number): Float32Array {
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()) * deviation,
  );
}

/** A permutation of 0..count-1 (Fisher-Yates). */
export function shuffled(count: number, next: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
