import { getLlama, type Llama, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import type { GeneratorBackend } from "./protocol.ts";
import { GeneratorError } from "./types.ts";

/**
 * Opens the library for a backend, or for the best that works.
 * @param complaints filled with what llama.cpp says
 */
export async function openLlama(backend: GeneratorBackend | undefined, complaints: string[]) {
  const options = {
    build: "never" as const,
    logLevel: LlamaLogLevel.error,
    logger: (_level: LlamaLogLevel, message: string) => {
      complaints.push(message.trim());
    },
  };
  try {
    if (backend !== undefined) {
      return await getLlama({ ...options, gpu: backend === "cpu" ? false : backend });
    }
    const llama = await getLlama({ ...options, gpu: "auto" });
    if (llama.gpu !== "vulkan") return llama;
    const devices = await llama.getGpuDeviceNames();
    if (!devices.every((name) => /llvmpipe|swiftshader/i.test(name))) return llama;
    // A software device is the CPU behind a slower interface.
    await llama.dispose();
    return await getLlama({ ...options, gpu: false });
  } catch (error) {
    throw new GeneratorError(
      "library-missing",
      `The text generation library does not load${backend ? ` for ${backend}` : ""}: ${reasonOf(error, complaints)}. Run \`bun install\` again, or choose another backend.`,
    );
  }
}

/** Loads a model. @throws GeneratorError `model-unreadable` */
export async function loadModel(
  llama: Llama,
  path: string,
  complaints: string[],
): Promise<LlamaModel> {
  complaints.length = 0;
  try {
    return await llama.loadModel({ modelPath: path });
  } catch (error) {
    throw new GeneratorError(
      "model-unreadable",
      `Cannot read the model ${path}: ${reasonOf(error, complaints)}. Name a complete GGUF file of a supported architecture.`,
    );
  }
}

/** What llama.cpp said first says most; without a word from it, the exception's own. */
export function reasonOf(error: unknown, complaints: string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("ENOENT")) return "there is no such file";
  const said = complaints.find((line) => line !== "");
  return (said ?? message).replace(/^(\w+: )*(error loading model: )?/, "").replace(/\.$/, "");
}
