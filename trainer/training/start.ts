import { TrainerError } from "../errors.ts";
import { type Adapter, createAdapter, readAdapter, targeted } from "../lora/adapter.ts";
import { fileAlpha, type LoraOptions } from "../lora/options.ts";
import type { LoadedModel } from "../model/load.ts";
import type { TokenJob } from "./token-job.ts";

/**
 * The adapter that a job begins with: a fresh one, or the one it names.
 * @throws TrainerError `adapter-unreadable`, `adapter-mismatch`
 */
export function startingAdapter({ backend, model }: LoadedModel, job: TokenJob): Adapter {
  if (!job.from) return createAdapter(backend, model, job.lora, job.options.seed);
  const adapter = readAdapter(backend, model, job.from);
  const wanted = targeted(model, job.lora).map((p) => p.name);
  const difference = differenceOf(adapter, wanted, job.lora);
  if (difference === undefined) return adapter;
  adapter.free();
  throw new TrainerError(
    "adapter-mismatch",
    `${job.from} ${difference}. Continue with the adapter's own values, or begin a new one.`,
  );
}

/** What an adapter has and a job asks otherwise, if anything. */
function differenceOf(
  adapter: Adapter,
  wanted: readonly string[],
  lora: LoraOptions,
): string | undefined {
  const names = [...adapter.tensors.keys()]
    .filter((name) => name.endsWith(".lora_a"))
    .map((name) => name.replace(/\.lora_a$/, ""));
  const ranks = new Set(names.map((name) => adapter.tensors.get(`${name}.lora_a`)?.ne[1]));
  if (ranks.size > 1) {
    return `has matrices of the ranks ${[...ranks].join(", ")}; the job asks for rank ${lora.rank} in all`;
  }
  const [rank] = ranks;
  if (rank !== lora.rank) return `has rank ${rank}; the job asks for rank ${lora.rank}`;
  if (Math.fround(adapter.alpha) !== fileAlpha(lora)) {
    const asked = lora.rsLora ? `${fileAlpha(lora)} (rsLoRA's ${lora.alpha})` : lora.alpha;
    return `has alpha ${adapter.alpha}; the job asks for alpha ${asked}`;
  }
  const missing = wanted.filter((name) => !names.includes(name));
  const extra = names.filter((name) => !wanted.includes(name));
  if (missing.length === 0 && extra.length === 0) return undefined;
  const parts = [
    ...(missing.length > 0 ? [`does not adapt ${list(missing)}, which the job asks for`] : []),
    ...(extra.length > 0 ? [`adapts ${list(extra)}, which the job leaves out`] : []),
  ];
  return parts.join(", and ");
}

/** A few names, and how many more there are. */
function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => name.replace(/\.weight$/, ""));
  const more = names.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
