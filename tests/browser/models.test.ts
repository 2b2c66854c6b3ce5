import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { listModels } from "../../agent/models/store.ts";
import { type ModelServer, serveModels } from "../support/model-server.ts";
import { SMALL, writeRandomModel } from "../support/random-model.ts";
import { complaintsOf, launchChromium, noChromium } from "./chromium.ts";
import { openSite, type TestSite } from "./site.ts";

setDefaultTimeout(90_000);
if (noChromium) console.warn(`Browser tests are skipped: ${noChromium}`);

const MB = 1024 * 1024;
/** Large enough that one sees it come. */
const LARGE = { ...SMALL, width: 256, feedForward: 2560, headDim: 64, ropeDims: 64 };

describe.skipIf(noChromium !== undefined)("the page of models", () => {
  let folder: string;
  let server: ModelServer;
  let site: TestSite;
  let browser: Browser;
  let bytes: Uint8Array;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "selkie-models-page-"));
    const path = join(folder, "tiny.gguf");
    writeRandomModel(path, LARGE);
    bytes = readFileSync(path);
    server = await serveModels({ "owner/tiny/resolve/main/tiny.gguf": bytes });
    process.env.HF_ENDPOINT = server.url;
    site = await openSite();
    browser = await launchChromium();
  });
  afterAll(async () => {
    delete process.env.HF_ENDPOINT;
    await browser?.close();
    await site?.close();
    server?.close();
    rmSync(folder, { recursive: true });
  });

  test("downloads one over connections that break, with progress, and lets it be chosen and removed", async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(30_000);
    const complaints = complaintsOf(page);
    await page.goto(`${site.url}/models`);
    server.slow(150);
    server.breakAfter(4 * MB);
    await page.getByLabel("From Hugging Face").fill("hf:owner/tiny/tiny.gguf");
    await page.getByRole("button", { name: "Download" }).click();
    await page.getByText("Downloading hf:owner/tiny/tiny.gguf").waitFor();

    const progress = page.getByRole("progressbar", { name: "Downloaded" });
    const share = async () => {
      const [value, max] = await Promise.all(
        ["value", "max"].map((name) => progress.getAttribute(name)),
      );
      return Number(value) / Number(max);
    };
    const seen = new Set<number>();
    while (seen.size < 3) {
      seen.add(await share());
      await Bun.sleep(200);
    }
    expect(Math.max(...seen)).toBeWithin(0.01, 1);

    // It was stopped: what came stays, and it goes on there.
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("The download of hf:owner/tiny").waitFor();
    await page.getByText("Not finished: tiny.gguf").waitFor();
    server.sent();
    server.breakAfter(Number.POSITIVE_INFINITY);
    server.slow(0);
    await page.getByLabel("From Hugging Face").fill("hf:owner/tiny/tiny.gguf");
    await page.getByRole("button", { name: "Download" }).click();
    await page.getByText("Downloaded: tiny.").waitFor();
    expect(server.sent()).toBeLessThan(bytes.length);
    const { models } = listModels(site.instance.config.models);
    expect(readFileSync(models[0]!.path).equals(bytes)).toBe(true);

    const row = page.getByRole("row", { name: /^tiny/ });
    await row.getByRole("button", { name: "Use" }).click();
    await row.getByText("from the next start").waitFor();
    // One may think better of it.
    await page.getByRole("row", { name: /^pup/ }).getByRole("button", { name: "Use" }).click();
    await row.getByRole("button", { name: "Use" }).click();
    await row.getByText("from the next start").waitFor();
    await row.getByRole("button", { name: "Remove" }).click();
    await row.waitFor({ state: "detached" });
    expect(listModels(site.instance.config.models).models).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
