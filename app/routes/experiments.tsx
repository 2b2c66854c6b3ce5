import type { Hono } from "hono";
import { passageRows, reportExperiment } from "../../agent/experiment/report.ts";
import { getExperiment, listExperiments } from "../../db/experiments.ts";
import { armsPicture } from "../../views/charts/arms.ts";
import { ExperimentPage, ExperimentsPage } from "../../views/experiments.tsx";
import { RequestError } from "../errors.tsx";
import { armBars, experimentFacts, experimentLine } from "../experiment/facts.ts";
import { page } from "../page.ts";
import { parseId, themeOf } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

const MISSING = "There is no such experiment: the list of experiments has them all.";

/** The list of experiments, each one's page, its chart and its numbers. */
export function experimentRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;
  /** Working out the intervals takes a moment: the last report is kept while nothing is added to it. */
  let last: { key: string; report: ReturnType<typeof reportExperiment> } | undefined;

  const find = async (text: string) => {
    const id = parseId(text);
    const experiment = id === undefined ? undefined : getExperiment(db, id);
    if (!experiment) throw new RequestError(404, MISSING);
    const key = `${experiment.id} ${experiment.seconds} ${experiment.finishedAt}`;
    if (last?.key !== key) last = { key, report: reportExperiment(db, experiment.id) };
    return (await last.report)!;
  };

  app.get("/experiments", (c) => {
    c.header("Cache-Control", "no-store");
    const experiments = listExperiments(db).map(experimentLine);
    return page(c, <ExperimentsPage experiments={experiments} model={config.model} />);
  });

  app.get("/experiments/:id{[0-9]+\\.json}", async (c) => {
    const report = await find(c.req.param("id").replace(".json", ""));
    return c.json({ ...report, rows: passageRows(db, report.experiment.id) });
  });

  app.get("/experiments/:id", async (c) => {
    c.header("Cache-Control", "no-store");
    const experiment = experimentFacts(await find(c.req.param("id")));
    return page(c, <ExperimentPage experiment={experiment} model={config.model} />);
  });

  app.get("/experiments/:id/arms.svg", async (c) => {
    const bars = armBars(await find(c.req.param("id")));
    if (bars.length === 0) throw new RequestError(404, "Nothing has been reported in it yet.");
    return c.body(armsPicture(bars, themeOf(c)), 200, {
      "Content-Type": "image/svg+xml",
      "Cache-Control": "no-cache",
    });
  });
}
