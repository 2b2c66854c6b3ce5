/** Entry point of the process that takes documents and feeds apart. Its one argument: bytes of memory. */
import { replyTo, type Task } from "./tasks.ts";

// What takes a document apart keeps this thread busy: another one looks at the memory.
const watch = new Worker(new URL("./memory-watch.ts", import.meta.url).href);
watch.postMessage(Number(process.argv[2]));

process.on("message", async ({ id, task }: { id: number; task: Task }) => {
  process.send?.(await replyTo(id, task));
});
process.on("disconnect", () => process.exit());
