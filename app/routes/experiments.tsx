/** @jsxImportSource hono/jsx */
import type { Hono } from "hono";
import { reportFewShot } from "../../agent/experiment/few-shot/report.ts";
import { reportForgetting } from "../../agent/experiment/forgetting/report.ts";
import { reportExperiment } from "../../agent/experiment/report.ts";
import { type Experiment, getExperiment, listExperiments } from "../../db/experiments.ts";
import { armsPicture } from "../../views/charts/arms.ts";
import { historyPicture } from "../../views/charts/history.ts";
import { ExperimentPage, ExperimentsPage } from "../../views/experiments.tsx";
import { FewShotPage } from "../../views/few-shot.tsx";
import { ForgettingPage } from "../../views/forgetting.tsx";
import { RequestError } from "../errors.tsx";
import { armBars, experimentFacts, experimentLine } from "../experiment/facts.ts";
import { fewShotBars, fewShotFacts } from "../experiment/few-shot/facts.ts";
import {
  CURVE_AXIS,
  forgettingBars,
  forgettingCurves,
  forgettingFacts,
} from "../experiment/forgetting/facts.ts";
import { wholeReport } from "../experiment/report.ts";
import { page, picture } from "../page.ts";
import { parseId, themeOf } from "../params.ts";
import type { Site, SiteEnv } from "../site.ts";

const MISSING = "There is no such experiment: the list of experiments has them all.";
const NOTHING = "Nothing has been reported in it yet.";

/** The list of experiments, each one's page, its charts and its numbers. */
export function experimentRoutes(app: Hono<SiteEnv>, site: Site): void {
  const { db, config } = site.instance;
  /** Working out the intervals takes a moment: the last report is kept while nothing is added to it. */
  const ways = latest((id) => reportExperiment(db, id));
  const courses = latest((id) => reportForgetting(db, id));
  const tasks = latest(async (id) => reportFewShot(db, id));

  const find = (text: string): Experiment => {
    const id = parseId(text);
    const experiment = id === undefined ? undefined : getExperiment(db, id);
    if (!experiment) throw new RequestError(404, MISSING);
    return experiment;
  };

  const barsOf = async (experiment: Experiment) => {
    switch (experiment.kind) {
      case "forgetting":
        return forgettingBars(await courses(experiment));
      case "few-shot":
        return fewShotBars(await tasks(experiment));
      default:
        return armBars(await ways(experiment));
    }
  };

  app.get("/experiments", (c) => {
    c.header("Cache-Control", "no-store");
    const experiments = listExperiments(db).map(experimentLine);
    return page(c, <ExperimentsPage experiments={experiments} model={config.model} />);
  });

  app.get("/experiments/:id{[0-9]+\\.json}", async (c) => {
    const experiment = find(c.req.param("id").replace(".json", ""));
    return c.json(await wholeReport(db, experiment));
  });

  app.get("/experiments/:id", async (c) => {
    c.header("Cache-Control", "no-store");
    const experiment = find(c.req.param("id"));
    const { model } = config;
    if (experiment.kind === "forgetting") {
      const facts = forgettingFacts(await courses(experiment));
      return page(c, <ForgettingPage experiment={facts} model={model} />);
    }
    if (experiment.kind === "few-shot") {
      const facts = fewShotFacts(await tasks(experiment));
      return page(c, <FewShotPage experiment={facts} model={model} />);
    }
    const facts = experimentFacts(await ways(experiment));
    return page(c, <ExperimentPage experiment={facts} model={model} />);
  });

  app.get("/experiments/:id/arms.svg", async (c) => {
    const experiment = find(c.req.param("id"));
    const bars = await barsOf(experiment);
    if (bars.length === 0) throw new RequestError(404, NOTHING);
    return picture(c, armsPicture(bars, themeOf(c)));
  });

  app.get("/experiments/:id/course.svg", async (c) => {
    const experiment = find(c.req.param("id"));
    if (experiment.kind !== "forgetting") throw new RequestError(404, MISSING);
    const curves = forgettingCurves(await courses(experiment));
    if (curves.length === 0) throw new RequestError(404, NOTHING);
    return picture(c, historyPicture(curves, themeOf(c), CURVE_AXIS));
  });
}

/** Remembers the last report that was worked out, while its experiment stays as it is. */
function latest<Report>(
  report: (id: number) => Promise<Report | undefined>,
): (experiment: Experiment) => Promise<Report> {
  let last: { key: string; report: Promise<Report | undefined> } | undefined;
  return async ({ id, seconds, finishedAt }) => {
    const key = `${id} ${seconds} ${finishedAt}`;
    if (last?.key !== key) last = { key, report: report(id) };
    return (await last.report)!;
  };
}
