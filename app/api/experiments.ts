import type { Hono } from "hono";
import * as v from "valibot";
import { getExperiment, listExperiments } from "../../db/experiments.ts";
import { allow } from "../access.ts";
import { experimentLine } from "../experiment/facts.ts";
import { wholeReport } from "../experiment/report.ts";
import type { Site, SiteEnv } from "../site.ts";
import { checked, found, Id, send, told } from "./route.ts";

const List = v.object({ experiments: v.array(v.looseObject({ id: v.number() })) });
const Report = v.looseObject({
  experiment: v.looseObject({ id: v.number() }),
  arms: v.array(v.looseObject({})),
  rows: v.array(v.looseObject({})),
});

const tag = "experiments";

/** Comparisons of ways of learning. */
export function experimentApi(app: Hono<SiteEnv>, site: Site): void {
  const { db } = site.instance;
  const read = allow(site, "read");

  app.get(
    "/api/experiments",
    told({ summary: "All experiments", tag, scope: "read", answer: List }),
    read,
    (c) =>
      send(c, List, { experiments: listExperiments(db).map((it) => ({ ...experimentLine(it) })) }),
  );

  app.get(
    "/api/experiments/:id",
    told({ summary: "An experiment's report and rows", tag, scope: "read", answer: Report }),
    read,
    checked("param", Id),
    async (c) => {
      const experiment = found(getExperiment(db, c.req.valid("param").id), "experiment");
      const report = await wholeReport(db, experiment);
      return send(c, Report, report as unknown as v.InferInput<typeof Report>);
    },
  );
}
