/** Run as a process by selftest.ts: writes a model of random weights for each case that is named. */
import { join } from "node:path";
import { CASES, fileOf } from "./cases.ts";
import { SMALL_OF, wide, writeRandomModel } from "./model.ts";

const [folder, ...files] = process.argv.slice(2) as [string, ...string[]];
for (const file of files) {
  const found = CASES.find((known) => fileOf(known) === file);
  const shape = found && SMALL_OF[found.architecture];
  if (!shape) throw new Error(`There is no case of the file ${file}.`);
  const hyper = wide(shape.hyper);
  // Logits of a deviation near 1, as in a model at its beginning: no probability leaves float32.
  const extras = { ...shape.extras, embedding: 1 / Math.sqrt(hyper.width) };
  writeRandomModel(join(folder, file), hyper, 5, { ...extras, typeOf: found.base.typeOf });
}
console.log("written");
