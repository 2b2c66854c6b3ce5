import { LORA_TARGETS, type LoraTarget } from "../types.ts";

/** One projection of one transformer block. */
export interface Place {
  layer: number;
  target: LoraTarget;
}

/** The projections' modules in Hugging Face models of the supported architectures. */
const MODULES: Record<LoraTarget, string> = {
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

/**
 * `base_model.model.` is PEFT's own; what follows is the language model's place in the whole, which
 * depends on the class that was adapted (the last two: Gemma 3 with its vision part).
 */
const PEFT_NAME =
  /^base_model\.model\.(?:model\.|language_model\.model\.|model\.language_model\.)?layers\.(\d{1,4})\.(\w+\.\w+)\.lora_([AB])(?:\.default)?\.weight$/;

/** The module's name within its model, e.g. `model.layers.0.self_attn.q_proj`. */
export function moduleName({ layer, target }: Place): string {
  return `model.layers.${layer}.${MODULES[target]}`;
}

/** The end of the names of all modules of one kind, e.g. `q_proj`. */
export function moduleKind(target: LoraTarget): string {
  return MODULES[target].split(".")[1] as string;
}

/** e.g. `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight` */
export function peftName(place: Place, part: "A" | "B"): string {
  return `base_model.model.${moduleName(place)}.lora_${part}.weight`;
}

/** The place that a PEFT tensor adapts; undefined for names that are no LoRA of a projection. */
export function parsePeftName(name: string): { place: Place; part: "A" | "B" } | undefined {
  const [, layer, module, part] = PEFT_NAME.exec(name) ?? [];
  const target = LORA_TARGETS.find((known) => MODULES[known] === module);
  if (!target) return undefined;
  return { place: { layer: Number(layer), target }, part: part as "A" | "B" };
}

/** e.g. `blk.0.attn_q.weight` */
export function ggufName({ layer, target }: Place): string {
  return `blk.${layer}.${target}.weight`;
}

/** The place of a GGUF tensor; undefined for one that is no projection. */
export function parseGgufName(name: string): Place | undefined {
  const [, layer, kind] = /^blk\.(\d{1,4})\.(\w+)\.weight$/.exec(name) ?? [];
  const target = LORA_TARGETS.find((known) => known === kind);
  return target && { layer: Number(layer), target };
}
