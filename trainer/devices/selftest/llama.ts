import {
  getLlama,
  type Llama,
  type LlamaContextOptions,
  LlamaLogLevel,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import type { TokenRow } from "../../model/packing.ts";

/** llama.cpp on the CPU: what our own results are held against. */
export async function openLlama(): Promise<Llama> {
  return getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
}

/** Its logits after every token of a row but the last, on one thread, with an F32 key-value cache. */
export async function llamaLogits(
  model: LlamaModel,
  row: TokenRow,
  lora?: LlamaContextOptions["lora"],
): Promise<Float32Array[]> {
  const context = await model.createContext({
    contextSize: 256,
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
    ...(lora && { lora }),
  });
  try {
    const tokens = [...row.tokens.slice(0, -1)] as Token[];
    const input = tokens.map((token) => [token, { generateNext: { logits: true } }] as const);
    const results = await context.getSequence().controlledEvaluate(input.map((i) => [...i]));
    return results.map((result) => {
      const byToken = result?.next.logits ?? new Map<Token, number>();
      const logits = new Float32Array(byToken.size);
      for (const [token, logit] of byToken) logits[token] = logit;
      return logits;
    });
  } finally {
    await context.dispose();
  }
}

/** The logits of a model file, opened for this once. */
export async function llamaLogitsOfFile(
  llama: Llama,
  path: string,
  row: TokenRow,
  lora?: string,
): Promise<Float32Array[]> {
  const model = await llama.loadModel({ modelPath: path });
  try {
    return await llamaLogits(model, row, lora);
  } finally {
    await model.dispose();
  }
}
