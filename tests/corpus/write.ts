/** Writes the table of the corpus: `bun tests/corpus/write.ts`. */
import { join } from "node:path";
import { corpusTable } from "./table.ts";

await Bun.write(join(import.meta.dir, "README.md"), corpusTable());
