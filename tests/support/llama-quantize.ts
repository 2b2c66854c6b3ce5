import { readdirSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { loadLibrary } from "../../trainer/ggml/library.ts";

koffi.struct("llama_model_quantize_params", {
  nthread: "int32_t",
  ftype: "int",
  output_tensor_type: "int",
  token_embedding_type: "int",
  allow_requantize: "bool",
  quantize_output_tensor: "bool",
  only_copy: "bool",
  pure: "bool",
  keep_split: "bool",
  dry_run: "bool",
  imatrix: "const void *",
  kv_overrides: "const void *",
  tt_overrides: "const void *",
  prune_layers: "const void *",
  max_buf_size: "size_t",
});

/** llama.cpp's own quantizer (`llama-quantize`), with its defaults on one thread. */
export function llamaQuantize(from: string, to: string, fileType: number): void {
  const { dir } = loadLibrary("cpu");
  const name = readdirSync(dir).find((file) =>
    /^(lib)?llama(\.v[\d.]+)?\.(so|dylib|dll)$/.test(file),
  );
  const llama = koffi.load(join(dir, name as string));
  const defaults = llama.func("llama_model_quantize_params llama_model_quantize_default_params()");
  const quantize = llama.func(
    "uint32_t llama_model_quantize(const char * from, const char * to, const llama_model_quantize_params * params)",
  );
  const params = { ...defaults(), nthread: 1, ftype: fileType };
  if (quantize(from, to, params) !== 0) throw new Error(`llama.cpp could not quantize ${from}`);
}
