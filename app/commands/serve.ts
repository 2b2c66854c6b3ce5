import type { Command } from "commander";
import { acceptText } from "../../agent/read/inbox.ts";
import { countDocuments } from "../../db/documents.ts";
import { countJobs } from "../../db/jobs.ts";
import { type CommandContext, CommandError, type CommandResult, runs } from "../frame.ts";
import type { Instance } from "../instance.ts";
import { readKnob, whole } from "../knob.ts";
import { startLearner } from "../learner.ts";

interface Options {
  demo?: boolean;
  host?: string;
  port?: string;
}

/** The world that `--demo` tells of, and how many of its passages. */
const DEMO = { seed: 1, passages: 8 };

export function register(program: Command): void {
  runs(
    program
      .command("serve")
      .description("learn what is in the queue, and show it in the browser")
      .option("--host <address>", "address to listen on (SELKIE_HOST, default 127.0.0.1)")
      .option(
        "--port <number>",
        "port to listen on (SELKIE_PORT, default 7377; 0 takes a free one)",
      )
      .option("--demo", "give an empty instance some news of a made-up world to learn"),
    serve,
  );
}

async function serve(
  context: CommandContext,
  _args: string[],
  options: Options,
): Promise<CommandResult> {
  const instance = context.instance();
  const { config } = instance;
  if (options.host) config.host = options.host;
  if (options.port !== undefined) config.port = readKnob("--port", options.port, whole(0, 65535));
  // Wrong settings are told now, not at the first passage.
  instance.runtime();
  if (options.demo) await queueDemo(context, instance);

  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const { startServer } = await import("../server.tsx");
  const learner = startLearner(instance, { signal });
  try {
    const server = await startServer(instance, learner).catch((error: unknown) => {
      throw explainListenError(error, config.host, config.port);
    });
    context.note(
      `Selkie is at ${server.url} and keeps its data in ${config.home}; Ctrl-C stops it.`,
    );
    // The loop ends when it is told to; if it fails, the pages would show a learner that is dead.
    await learner.ended.finally(() => server.stop());
  } finally {
    stop.abort();
    await learner.ended.catch(() => {});
  }
  return { data: { stopped: true }, text: "" };
}

function explainListenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const place = `Port ${port} of ${host}`;
  if (code === "EADDRINUSE") {
    return new CommandError(
      "port-in-use",
      `${place} is in use, perhaps by a Selkie that runs already: stop that, or choose another with --port.`,
    );
  }
  if (code === "EACCES" || code === "EADDRNOTAVAIL") {
    return new CommandError(
      "port-refused",
      `${place} cannot be listened on (${code}): choose another with --host and --port.`,
    );
  }
  return error;
}

async function queueDemo(context: CommandContext, instance: Instance): Promise<void> {
  const { db, home, config } = instance;
  const { queued, running, done } = countJobs(db);
  if (countDocuments(db) + queued + running + done > 0) {
    context.note("This instance is not empty, so nothing was added for the demo.");
    return;
  }
  const { demoPassages } = await import("../../models/demo.ts");
  for (const { title, text } of demoPassages(DEMO.seed, DEMO.passages)) {
    acceptText(db, home, { source: `demo: ${title}`, title, text }, config.limits);
  }
  context.note(`${DEMO.passages} passages of a made-up world are queued.`);
}
