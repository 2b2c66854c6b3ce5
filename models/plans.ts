import { join } from "node:path";
import { Corpus } from "./corpus.ts";
import { GridCorpus } from "./grid/corpus.ts";
import { GRID_TOKENIZER_PATH } from "./grid/tokenizer.ts";
import type { PretrainPlan } from "./plan.ts";
import { PUP_TOKENIZER_PATH } from "./tokenizer/tokenizer.ts";

const pup: PretrainPlan = {
  shape: {
    architecture: "llama",
    name: "Selkie pup",
    layers: 4,
    width: 256,
    feedForward: 640,
    heads: 4,
    kvHeads: 4,
    headDim: 64,
    // No row of the corpus has more than 300 tokens; real text needs more of them, and room.
    contextLength: 2048,
    rmsEps: 1e-5,
    ropeBase: 10000,
    ropeScale: 1,
    ropeDims: 64,
  },
  tokenizer: PUP_TOKENIZER_PATH,
  out: join(import.meta.dirname, "pup", "pup.gguf"),
  corpus: (tokenizer, seed) => new Corpus(tokenizer, { seed }),
};

const grid: PretrainPlan = {
  shape: {
    architecture: "llama",
    name: "Selkie grid",
    layers: 5,
    width: 128,
    feedForward: 384,
    heads: 4,
    kvHeads: 4,
    headDim: 32,
    contextLength: 1024,
    rmsEps: 1e-5,
    // Cells are told apart by how many tokens lie between them, and no row is long: fine steps, few of them.
    ropeBase: 100,
    ropeScale: 1,
    ropeDims: 32,
  },
  tokenizer: GRID_TOKENIZER_PATH,
  out: join(import.meta.dirname, "grid", "grid.gguf"),
  corpus: (tokenizer, seed) => new GridCorpus(tokenizer, { seed }),
};

/** The project's own models. */
export const PLANS: ReadonlyMap<string, PretrainPlan> = new Map(Object.entries({ pup, grid }));
