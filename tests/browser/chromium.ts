import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const EXECUTABLE = process.env.SELKIE_CHROMIUM ?? "/usr/bin/chromium";

/** Why browser tests cannot run here, if they cannot. */
export const noChromium = existsSync(EXECUTABLE)
  ? undefined
  : `${EXECUTABLE} is not there: install Debian's chromium, or name one in SELKIE_CHROMIUM.`;

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Gathers what a page complains about: errors of scripts, refusals of the content policy, failed loads. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return complaints;
}
