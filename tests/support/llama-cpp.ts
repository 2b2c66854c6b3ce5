import {
  getLlama,
  type Llama,
  type LlamaContextOptions,
  LlamaLogLevel,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import type { TokenRow } from "../../trainer/model/packing.ts";

/** llama.cpp on one thread of the CPU, as what other programs load our files with. */
export async function openLlama(): Promise<Llama> {
  return getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
}

/** llama.cpp's logits after every token of a row but the last, with an F32 key-value cache. */
export async function llamaLogits(
  model: LlamaModel,
  row: TokenRow,
  vocabulary: number,
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
      const logits = new Float32Array(vocabulary);
      for (const [token, logit] of result?.next.logits ?? []) logits[token] = logit;
      return logits;
    });
  } finally {
    await context.dispose();
  }
}

/** The logits of a model file, opened for this once. */
export async function logitsOfFile(
  llama: Llama,
  path: string,
  row: TokenRow,
  vocabulary: number,
  lora?: string,
): Promise<Float32Array[]> {
  const model = await llama.loadModel({ modelPath: path });
  try {
    return await llamaLogits(model, row, vocabulary, lora);
  } finally {
    await model.dispose();
  }
}
