/** Entry point of the generator's process: llama.cpp lives (and may die) here. */
import { serveRequests } from "../../trainer/process/child-process.ts";
import { Engine } from "./engine.ts";
import type { ChildOptions, Piece, Task, TaskResult } from "./protocol.ts";
import { GeneratorError } from "./types.ts";

serveRequests<Task, null, Piece, TaskResult>({
  describe: (error) =>
    error instanceof GeneratorError
      ? { code: error.code, message: error.message }
      : { code: "internal", message: error instanceof Error ? error.message : String(error) },
  start: async () => {
    const engine = await Engine.load(JSON.parse(process.argv[2] ?? "{}") as ChildOptions);
    return {
      info: null,
      handle: (task, { onProgress, cancelled }) => {
        const checkStop = () => {
          if (cancelled()) throw new GeneratorError("cancelled", "Generation was cancelled.");
        };
        if (task.kind === "embed") return engine.embed(task.texts, checkStop);
        return engine.generate(task.requests, {
          onText: (index, text) => {
            if (task.stream) onProgress({ index, text });
          },
          onEnd: (index, end) => {
            if (task.ends) onProgress({ index, end });
          },
          checkStop,
        });
      },
    };
  },
});
