import type { Command } from "commander";
import { type CommandContext, type CommandResult, runs } from "../frame.ts";
import { readKnob, whole } from "../knob.ts";
import { startLearner } from "../learner.ts";
import { logEvents } from "../log-events.ts";
import { startLogging } from "../logging.ts";

interface Options {
  demo?: boolean;
  host?: string;
  port?: string;
}

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
      .option("--demo", "let an empty instance read the newspaper of a made-up world"),
    serve,
  );
}

async function serve(
  context: CommandContext,
  _args: string[],
  options: Options,
): Promise<CommandResult> {
  await startLogging(process.env, "warning");
  const instance = context.instance();
  const { config } = instance;
  if (options.host) config.host = options.host;
  if (options.port !== undefined) config.port = readKnob("--port", options.port, whole(0, 65535));
  // Wrong settings are told now, not at the first passage.
  instance.runtime();
  if (options.demo) {
    const { startDemo } = await import("../demo.ts");
    context.note(
      startDemo(instance)
        ? "The newspaper of a made-up world is read from now on."
        : "The demo was left out: it needs an empty instance and the embedded model.",
    );
  }

  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const { startServer } = await import("../server.tsx");
  const { startPoller } = await import("../poller.ts");
  const { runWebhooks } = await import("../webhooks/run.ts");
  const { runBackups } = await import("../archive/schedule.ts");
  const learner = startLearner(instance, { signal });
  let others: Promise<void>[] = [];
  try {
    const server = await startServer(instance, learner);
    others = [
      startPoller(instance, server, signal),
      runWebhooks(instance, signal),
      logEvents(instance.db, signal),
      runBackups(instance, signal),
    ];
    context.note(
      `Selkie is at ${server.url} and keeps its data in ${config.home}; Ctrl-C stops it.`,
    );
    // The loop ends when it is told to; if it fails, the pages would show a learner that is dead.
    await learner.ended.finally(() => server.stop());
  } finally {
    stop.abort();
    await Promise.allSettled([learner.ended, ...others]);
  }
  return { data: { stopped: true }, text: "" };
}
