import { reportFewShot, taskResults } from "../../agent/experiment/few-shot/report.ts";
import { courseRows, reportForgetting } from "../../agent/experiment/forgetting/report.ts";
import { passageRows, reportExperiment } from "../../agent/experiment/report.ts";
import type { Experiment } from "../../db/experiments.ts";
import type { Database } from "../../db/open.ts";

/** All that an experiment found, of whichever kind it is, down to its rows. */
export async function wholeReport(db: Database, { id, kind }: Experiment) {
  switch (kind) {
    case "forgetting":
      return { ...(await reportForgetting(db, id))!, rows: courseRows(db, id) };
    case "few-shot":
      return { ...reportFewShot(db, id)!, rows: taskResults(db, id) };
    default:
      return { ...(await reportExperiment(db, id))!, rows: passageRows(db, id) };
  }
}
