import {
  configure,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogLevel,
  type TextFormatter,
} from "@logtape/logtape";
import type { Environment } from "./config.ts";
import { oneOf, readKnob } from "./knob.ts";

/**
 * Lets loggers write to stderr: what is on stdout may be JSON for a program. `SELKIE_LOG` is `text` or
 * `json` (one object a line), `SELKIE_LOG_LEVEL` from where on; `SELKIE_DEBUG` is everything as text.
 * @param usual the level where the environment names none; without one, nothing is written then
 * @throws ConfigError
 */
export async function startLogging(env: Environment, usual?: LogLevel): Promise<void> {
  const word = (name: string, ...options: string[]) => {
    const value = env[name]?.trim();
    return value ? readKnob(name, value, oneOf(...options)) : undefined;
  };
  const form = word("SELKIE_LOG", "text", "json");
  const named = word("SELKIE_LOG_LEVEL", "debug", "info", "warning", "error") as LogLevel;
  const lowestLevel = env.SELKIE_DEBUG ? "debug" : (named ?? (form ? "info" : usual));
  if (lowestLevel === undefined) return;
  const format = discreet(form === "json" ? getJsonLinesFormatter() : getTextFormatter());
  await configure({
    reset: true,
    sinks: { stderr: (record) => void process.stderr.write(format(record)) },
    loggers: [
      { category: "selkie", sinks: ["stderr"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
  });
}

/** Keys of Selkie and of webhooks, what signs a request in, and passwords in addresses. */
const SECRETS = [
  /\bsk-[\w-]{8,}/g,
  /\bwhsec_[\w+/=]{8,}/g,
  /\bhf_\w{8,}/g,
  /(?<=\bBearer\s)\S+/gi,
  /(?<=:\/\/)[^\s/@"]+:[^\s/@"]*(?=@)/g,
];

/** No message is meant to have a secret; one that is part of somebody else's error is left out. */
function discreet(format: TextFormatter): TextFormatter {
  return (record) => SECRETS.reduce((text, secret) => text.replace(secret, "…"), format(record));
}
