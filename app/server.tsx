/** @jsxImportSource hono/jsx */
import { randomBytes } from "node:crypto";
import { Hono } from "hono";
import { hardwareWords, inspectHardware, recommendModel } from "../agent/hardware.ts";
import { cutAnswers } from "../db/conversations.ts";
import type { HomeFacts } from "../views/home.tsx";
import type { ModelAdvice } from "../views/types.ts";
import { admit } from "./access.ts";
import { apiRoutes } from "./api/index.ts";
import { Board } from "./board.ts";
import { errorResponse, notFound } from "./errors.tsx";
import { lineage, logLines, needsRealModel, nowFacts, passageList } from "./facts.ts";
import { guard, isLoopback, limitBody } from "./guard.ts";
import type { Instance } from "./instance.ts";
import { ConfigError } from "./knob.ts";
import type { Learner } from "./learner.ts";
import { mcpRoutes } from "./mcp/routes.ts";
import { Memory } from "./memory.ts";
import { openaiRoutes } from "./openai/routes.ts";
import { Puller } from "./pulls.ts";
import { askRoutes } from "./routes/ask.tsx";
import { assetRoutes } from "./routes/assets.ts";
import { eventRoutes } from "./routes/events.tsx";
import { experimentRoutes } from "./routes/experiments.tsx";
import { faultRoutes } from "./routes/faults.tsx";
import { handRoutes } from "./routes/hand.tsx";
import { homeRoutes } from "./routes/home.tsx";
import { learningRoutes } from "./routes/learning.tsx";
import { matrixRoutes } from "./routes/matrix.tsx";
import { memoryRoutes } from "./routes/memory.tsx";
import { metricsRoutes } from "./routes/metrics.ts";
import { modelRoutes } from "./routes/models.tsx";
import { newspaperRoutes } from "./routes/newspaper.tsx";
import { passageRoutes } from "./routes/passages.tsx";
import { programRoutes } from "./routes/programs.tsx";
import { signInRoutes } from "./routes/sign-in.tsx";
import { skillRoutes } from "./routes/skills.tsx";
import { sourceRoutes } from "./routes/sources.tsx";
import { statusRoutes } from "./routes/status.ts";
import { versionRoutes } from "./routes/versions.tsx";
import { writerRoutes } from "./routes/writer.tsx";
import { adoptPassword, hasPassword } from "./sign-in/password.ts";
import type { Site, SiteEnv } from "./site.ts";

/** A running server. */
export interface SelkieServer {
  /** Where the pages are, with the port that was really taken. */
  url: string;
  /** What this process shows itself by, see {@link Site}. */
  ownKey: string;
  /** Ends every open stream, and then the server. */
  stop(): Promise<void>;
}

/**
 * Serves the pages of an instance, at the host and port of its configuration.
 * @throws ConfigError when it cannot listen there, or others could get in without a password
 */
export async function startServer(instance: Instance, learner: Learner): Promise<SelkieServer> {
  await checkPassword(instance);
  cutAnswers(instance.db);
  const stopped = new AbortController();
  const ownKey = randomBytes(32).toString("base64url");
  const board = createBoard(instance, learner, await modelAdvice());
  const { signal } = stopped;
  const puller = new Puller(instance, signal);
  const app = await createApp({ instance, learner, board, puller, ownKey, signal });
  const { host, port, limits } = instance.config;
  const close = () => {
    stopped.abort();
    board.close();
  };
  try {
    const server = Bun.serve({
      hostname: host,
      port,
      // The application refuses what is too large itself, with a sentence.
      maxRequestBodySize: Math.max(128 * 1024 * 1024, limits.maxBytes * 4),
      fetch: (request, server) => app.fetch(request, { server }),
    });
    return {
      url: server.url.href,
      ownKey,
      stop: async () => {
        close();
        await server.stop(true);
      },
    };
  } catch (error) {
    close();
    throw explainListen(error, host, port);
  }
}

/** Where others can reach it, Selkie is not without a password. */
async function checkPassword({ db, config }: Instance): Promise<void> {
  const { host, password } = config;
  if (password !== undefined) await adoptPassword(db, password);
  if (isLoopback(host) || hasPassword(db)) return;
  throw new ConfigError(
    `Selkie would listen on ${host}, where others can reach it, and has no password: set one with \`selkie password\`, or with SELKIE_PASSWORD_FILE.`,
  );
}

/** The pages as a function of requests. */
export async function createApp(site: Site): Promise<Hono<SiteEnv>> {
  const app = new Hono<SiteEnv>();
  const { config, home } = site.instance;
  guard(app, config);
  app.use(admit(site));
  limitBody(app, config.limits.maxBytes);
  await assetRoutes(app);
  for (const routes of [
    signInRoutes,
    homeRoutes,
    eventRoutes,
    handRoutes,
    sourceRoutes,
    newspaperRoutes,
    askRoutes,
    passageRoutes,
    matrixRoutes,
    memoryRoutes,
    learningRoutes,
    statusRoutes,
    faultRoutes,
    versionRoutes,
    writerRoutes,
    skillRoutes,
    experimentRoutes,
    openaiRoutes,
    apiRoutes,
    metricsRoutes,
    mcpRoutes,
    modelRoutes,
    programRoutes,
  ]) {
    routes(app, site);
  }
  app.onError((error, c) => errorResponse(c, error, home.database));
  app.notFound(notFound);
  return app;
}

/** What the overview shows, drawn from the database and the learner. */
export function createBoard(instance: Instance, learner: Learner, advice: ModelAdvice): Board {
  const { db, config } = instance;
  const { name, embedded } = config.model;
  const memory = new Memory(db);
  const facts = (): HomeFacts => ({
    model: { name, embedded },
    now: nowFacts(db, learner),
    passages: passageList(db),
    memory: memory.facts(),
    lineage: lineage(db),
    log: logLines(db),
    ...(needsRealModel(db, embedded) && { advice }),
  });
  return new Board({ db, learner, facts, memory });
}

async function modelAdvice(): Promise<ModelAdvice> {
  const hardware = await inspectHardware();
  const { name, url } = recommendModel(hardware);
  return { hardware: hardwareWords(hardware), name, url };
}

function explainListen(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new ConfigError(
      `Something listens on ${host}:${port} already: stop it, or give another port with --port or SELKIE_PORT.`,
    );
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL") {
    return new ConfigError(
      `Selkie may not listen on ${host}:${port}: give another address with --host, or another port with --port.`,
    );
  }
  return error;
}
