/** Run as a process by devices.ts: opens one device and prints what it is, or why it is not. */
import { Backend } from "../ggml/backend.ts";
import type { Variant } from "../ggml/locate.ts";

try {
  const backend = Backend.open(process.argv[2] as Variant);
  console.log(
    JSON.stringify({ usable: true, name: backend.name, description: backend.description }),
  );
} catch (error) {
  const problem = error instanceof Error ? error.message : String(error);
  console.log(JSON.stringify({ usable: false, problem }));
}
process.exit(0);
