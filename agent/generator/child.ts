/** Entry point of the generator's process: llama.cpp lives (and may die) here. */
import { Engine } from "./engine.ts";
import type { ChildOptions, FromChild, ToChild } from "./protocol.ts";
import { GeneratorError } from "./types.ts";

const send = (message: FromChild) => process.send?.(message);
const running = new Map<number, AbortController>();

// The parent is gone, however it went: nobody waits for an answer any more.
process.on("disconnect", () => process.exit(0));

function describe(error: unknown): Pick<FromChild & { type: "error" }, "code" | "message"> {
  if (error instanceof GeneratorError) return { code: error.code, message: error.message };
  if (error instanceof DOMException && error.name === "AbortError") {
    return { code: "cancelled", message: "Generation was cancelled." };
  }
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

try {
  const engine = await Engine.load(JSON.parse(process.argv[2] ?? "{}") as ChildOptions);
  let turn = Promise.resolve();

  process.on("message", (message: ToChild) => {
    if (message.type === "cancel") {
      running.get(message.id)?.abort();
      return;
    }
    const { id, requests, stream } = message;
    const controller = new AbortController();
    running.set(id, controller);
    const onText = (index: number, text: string) => {
      if (stream) send({ type: "text", id, index, text });
    };
    turn = turn.then(async () => {
      try {
        const texts = await engine.generate(requests, onText, controller.signal);
        send({ type: "done", id, texts });
      } catch (error) {
        send({ type: "error", id, ...describe(error) });
      } finally {
        running.delete(id);
      }
    });
  });
  send({ type: "ready" });
} catch (error) {
  send({ type: "fatal", ...describe(error) });
  process.exit(1);
}
