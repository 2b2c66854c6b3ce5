/** Run as a process by selftest.ts: writes a model of random weights of one type. */
import { BASES } from "./checks.ts";
import { SMALL, wide, writeRandomModel } from "./model.ts";

const [path, name] = process.argv.slice(2) as [string, string];
const base = BASES.find((known) => known.name === name);
if (!base) throw new Error(`There is no base ${name}.`);
writeRandomModel(path, wide(SMALL), 5, { typeOf: base.typeOf });
console.log("written");
