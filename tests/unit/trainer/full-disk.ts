/** Run by train-checkpoint.test.ts where files may not grow: trains, and says how that ended. */
import { loadModel } from "../../../trainer/model/load.ts";
import { trainAdapter } from "../../../trainer/training/train.ts";
import { TrainerError } from "../../../trainer/types.ts";
import { cpu, jobOn } from "./fixture.ts";

const [model = "", out = "", what] = process.argv.slice(2);
const loaded = await loadModel(cpu(), model);
const job = jobOn(out, what === "checkpoint" ? { checkpoint: { everySteps: 2 } } : {});
try {
  await trainAdapter(loaded, job);
} catch (error) {
  if (!(error instanceof TrainerError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}
