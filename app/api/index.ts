import type { Hono } from "hono";
import { openAPIRouteHandler } from "hono-openapi";
import { version } from "../../package.json";
import type { Site, SiteEnv } from "../site.ts";
import { askApi } from "./ask.ts";
import { conversationApi } from "./conversations.ts";
import { documentApi } from "./documents.ts";
import { experimentApi } from "./experiments.ts";
import { jobApi } from "./jobs.ts";
import { learningApi } from "./learning.ts";
import { memoryApi } from "./memory.ts";
import { modelApi } from "./models.ts";
import { settingsApi } from "./settings.ts";
import { skillApi } from "./skills.ts";
import { sourceApi } from "./sources.ts";
import { statusApi } from "./status.ts";
import { tokenApi } from "./tokens.ts";
import { triageApi } from "./triage.ts";
import { upkeepApi } from "./upkeep.ts";
import { versionApi } from "./versions.ts";
import { webhookApi } from "./webhooks.ts";
import { writerApi } from "./writer.ts";

const RESOURCES = [
  statusApi,
  sourceApi,
  documentApi,
  learningApi,
  triageApi,
  versionApi,
  upkeepApi,
  memoryApi,
  jobApi,
  askApi,
  conversationApi,
  writerApi,
  skillApi,
  experimentApi,
  settingsApi,
  modelApi,
  tokenApi,
  webhookApi,
];

/** What the pages show and do, for programs; and the document that describes it, which needs no key. */
export function apiRoutes(app: Hono<SiteEnv>, site: Site): void {
  for (const routes of RESOURCES) routes(app, site);
  app.get(
    "/api/openapi.json",
    openAPIRouteHandler(app, {
      documentation: {
        info: {
          title: "Selkie",
          version,
          description: "A self-hosted assistant that learns what it reads.",
        },
        components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
      },
      // Only what is described is told of: the pages are for people.
      includeEmptyPaths: false,
      defaultValidationErrorResponse: false,
    }),
  );
}
