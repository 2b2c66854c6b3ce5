import type { LlamaModel, Token } from "node-llama-cpp";
import type { TokenRow } from "../../../trainer/model/packing.ts";

/** llama.cpp's logits after every token of a row but the last. */
export async function oracle(
  model: LlamaModel,
  row: TokenRow,
  lora?: string,
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
