/** Entry point of the generator's process: llama.cpp lives (and may die) here. */
import { serveRequests } from "../../trainer/process/child-process.ts";
import { Engine } from "./engine.ts";
import type { ChildOptions, Completion, Piece } from "./protocol.ts";
import { GeneratorError } from "./types.ts";

serveRequests<Completion, null, Piece, string[]>({
  describe: (error) =>
    error instanceof GeneratorError
      ? { code: error.code, message: error.message }
      : { code: "internal", message: error instanceof Error ? error.message : String(error) },
  start: async () => {
    const engine = await Engine.load(JSON.parse(process.argv[2] ?? "{}") as ChildOptions);
    return {
      info: null,
      handle: ({ requests, stream }, { onProgress, cancelled }) => {
        const onText = (index: number, text: string): void => {
          if (stream) onProgress({ index, text });
        };
        return engine.generate(requests, onText, () => {
          if (cancelled()) throw new GeneratorError("cancelled", "Generation was cancelled.");
        });
      },
    };
  },
});
