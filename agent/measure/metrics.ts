import { mean } from "../decide.ts";

/**
 * What was learned, kept and lost over a sequence of updates. A figure that the sequence is too
 * short for is null.
 *
 * `R[t][i]` is the result on passage i after update t (i ≤ t: passage i is what update i taught),
 * `b[i]` that of the untouched base model, and T the last update.
 */
export type ResultMatrix = readonly (readonly (number | null)[])[];

/** The figures of a {@link ResultMatrix}; cells that none of them needs may be null: not measured. */
export interface ContinualMetrics {
  /** {@link finalMean} */
  acc: number | null;
  /** {@link backwardTransfer} */
  bwt: number | null;
  /** {@link forwardTransfer} */
  fwt: number | null;
  /** {@link forgetting} */
  forgetting: number | null;
  /** {@link netGain} */
  netGain: number | null;
}

/** All of the figures. */
export function continualMetrics(R: ResultMatrix, b: readonly number[]): ContinualMetrics {
  return {
    acc: finalMean(R),
    bwt: backwardTransfer(R),
    fwt: forwardTransfer(R, b),
    forgetting: forgetting(R),
    netGain: netGain(R, b),
  };
}

/**
 * ACC = 1/T Σᵢ R[T,i]: how much of all that was learned is known at the end.
 * Lopez-Paz & Ranzato, "Gradient Episodic Memory for Continual Learning" (2017), equation 2.
 */
export function finalMean(R: ResultMatrix): number | null {
  const last = R.at(-1);
  return last && last.length > 0 ? mean(last.map((_, i) => at(last, i))) : null;
}

/**
 * BWT = 1/(T−1) Σ_{i<T} (R[T,i] − R[i,i]): what later updates did to earlier passages; negative
 * where they were forgotten. Lopez-Paz & Ranzato (2017), equation 3.
 */
export function backwardTransfer(R: ResultMatrix): number | null {
  const last = R.at(-1);
  if (!last || R.length < 2) return null;
  return mean(R.slice(0, -1).map((_, i) => at(last, i) - at(R[i], i)));
}

/**
 * FWT = 1/(T−1) Σ_{i≥2} (R[i−1,i] − b[i]): what earlier passages had done for one that was yet to come.
 * Lopez-Paz & Ranzato (2017), equation 4.
 */
export function forwardTransfer(R: ResultMatrix, b: readonly number[]): number | null {
  if (R.length < 2) return null;
  return mean(R.slice(0, -1).map((row, i) => at(row, i + 1) - at(b, i + 1)));
}

/**
 * F = 1/(T−1) Σ_{j<T} (max_{l<T} R[l,j] − R[T,j]): how far each earlier passage has fallen from its
 * best, as far as it was measured. Chaudhry et al., "Riemannian Walk for Incremental Learning" (2018),
 * section 4. (Avalanche's metric of that name is first minus last instead, which is −BWT.)
 */
export function forgetting(R: ResultMatrix): number | null {
  const last = R.at(-1);
  if (!last || R.length < 2) return null;
  const earlier = R.slice(0, -1);
  return mean(
    earlier.map((_, j) => {
      const looks = earlier.slice(j + 1).flatMap((row) => row[j] ?? []);
      return Math.max(at(earlier[j], j), ...looks) - at(last, j);
    }),
  );
}

/**
 * Net gain = 1/T Σᵢ (R[T,i] − b[i]): what all the updates together are worth over the base model,
 * forgetting included. SEAL's sequential updates end below zero (Zweiger et al. 2025, section 5).
 */
export function netGain(R: ResultMatrix, b: readonly number[]): number | null {
  const last = R.at(-1);
  if (!last || last.length === 0) return null;
  return mean(last.map((_, i) => at(last, i) - at(b, i)));
}

function at(row: readonly (number | null)[] | undefined, index: number): number {
  const value = row?.[index];
  if (value === undefined || value === null)
    throw new RangeError(`The matrix has no value in column ${index}.`);
  return value;
}
