import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { checkKey } from "../../app/tokens.ts";
import { complaintsOf, launchChromium, noChromium } from "./chromium.ts";
import { openSite, type TestSite } from "./site.ts";

setDefaultTimeout(90_000);
if (noChromium) console.warn(`Browser tests are skipped: ${noChromium}`);

describe.skipIf(noChromium !== undefined)("the page of other programs", () => {
  const got: string[] = [];
  const other = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      got.push(await request.text());
      return new Response("thanks");
    },
  });
  let site: TestSite;
  let browser: Browser;
  beforeAll(async () => {
    site = await openSite(() => {}, { SELKIE_PRIVATE_HOSTS: "127.0.0.1" });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    other.stop(true);
  });

  test("shows a key once, tries a webhook, and takes both away, on a phone too", async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    page.setDefaultTimeout(15_000);
    const complaints = complaintsOf(page);
    await page.goto(`${site.url}/programs`);
    await page.getByLabel("What it is for").fill("Open WebUI");
    await page.getByLabel("read look at everything").uncheck();
    await page.getByRole("button", { name: "Make it" }).click();
    const key = (await page.locator("#made").textContent())!;
    expect(checkKey(site.db, key)).toMatchObject({ name: "Open WebUI", scopes: ["chat"] });

    await page.getByText("Tell an address", { exact: true }).click();
    await page.getByLabel("Address").fill(`${other.url.href}hook`);
    await page.getByRole("button", { name: "Add it" }).click();
    expect(await page.locator("#made").textContent()).toStartWith("whsec_");
    expect(await page.content()).not.toContain(key);
    await page.getByRole("button", { name: /^Test / }).click();
    await page.getByText("taken", { exact: true }).waitFor();
    expect(JSON.parse(got[0]!)).toMatchObject({ type: "webhook.test" });
    await page.getByRole("button", { name: /^Remove / }).click();
    await page.getByText("No address is told anything.").waitFor();
    await page.getByRole("button", { name: "Revoke Open WebUI" }).click();
    await page.getByText("There are none.").waitFor();
    expect(checkKey(site.db, key)).toBeUndefined();

    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
