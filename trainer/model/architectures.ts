/** What sets one family of decoder-only transformers apart from the others. */
export interface Architecture {
  /** Which dimensions of a head are turned together: (2i, 2i+1), or (i, i + dims/2) as in GPT-NeoX. */
  rope: "adjacent" | "halves";
  /** Frequencies may be divided one by one by `rope_freqs.weight` (Llama 3). */
  ropeFactors: boolean;
  /** Projections that may have a bias. */
  biases: readonly Projection[];
  /** RMS norms of each query and key head before they are turned. */
  headNorms: boolean;
  /** RMS norms of what attention and feed-forward add to the residual stream. */
  postNorms: boolean;
  /** Of the feed-forward's gate; GELU is the tanh approximation. */
  activation: "silu" | "gelu";
  /** Embeddings are multiplied by sqrt(n_embd). */
  scaledEmbedding: boolean;
  /** Every layer but each `every`-th sees only a sliding window, where the file names one. */
  sliding?: { every: number };
  /** Attention's scale where it is not 1/sqrt(head_dim). */
  attentionScale?: (shape: { layers: number; width: number; heads: number }) => number | undefined;
}

/** The projections of a block, by their GGUF tensor names. */
export const PROJECTIONS = [
  "attn_q",
  "attn_k",
  "attn_v",
  "attn_output",
  "ffn_gate",
  "ffn_up",
  "ffn_down",
] as const;
export type Projection = (typeof PROJECTIONS)[number];

const LLAMA: Architecture = {
  rope: "adjacent",
  ropeFactors: true,
  biases: PROJECTIONS,
  headNorms: false,
  postNorms: false,
  activation: "silu",
  scaledEmbedding: false,
};

/**
 * By `general.architecture`, as llama.cpp computes them (its `src/models/<name>.cpp`, and
 * `llama_model_rope_type` for the order of rotated dimensions: converters permute the rows of
 * `llama` queries and keys for it).
 */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  llama: LLAMA,
  qwen2: {
    ...LLAMA,
    rope: "halves",
    ropeFactors: false,
    biases: ["attn_q", "attn_k", "attn_v"],
  },
  qwen3: {
    ...LLAMA,
    rope: "halves",
    ropeFactors: false,
    biases: ["attn_q", "attn_k", "attn_v"],
    headNorms: true,
  },
  gemma3: {
    ...LLAMA,
    rope: "halves",
    ropeFactors: false,
    biases: [],
    headNorms: true,
    postNorms: true,
    activation: "gelu",
    scaledEmbedding: true,
    sliding: { every: 6 },
    // The 27B model alone has 62 layers; its heads are narrower than n_embd / heads.
    attentionScale: ({ layers, width, heads }) =>
      layers === 62 ? 1 / Math.sqrt(width / heads) : undefined,
  },
};

/** The architectures whose layers the trainer knows. */
export const SUPPORTED_ARCHITECTURES: readonly string[] = Object.keys(ARCHITECTURES);
