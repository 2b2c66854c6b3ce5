/** Merges in a process of its own and prints its peak memory: `bun merge-memory.ts <job as JSON>`. */
import { Backend } from "../../../trainer/ggml/backend.ts";
import { mergeAdapters } from "../../../trainer/lora/merge.ts";

await mergeAdapters(Backend.open("cpu", 1), JSON.parse(process.argv[2] as string), 1);
const { maxRSS } = process.resourceUsage();
// Kilobytes on Linux, bytes on macOS.
console.log(process.platform === "darwin" ? maxRSS : maxRSS * 1024);
