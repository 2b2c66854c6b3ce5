import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { complaintsOf, launchChromium, noChromium } from "./chromium.ts";
import { seed } from "./seed.ts";
import { ANSWER, openSite, type TestSite } from "./site.ts";

// A browser on a busy machine takes its time.
setDefaultTimeout(90_000);
if (noChromium) console.warn(`Browser tests are skipped: ${noChromium}`);

describe.skipIf(noChromium !== undefined)("questions and answers in a browser", () => {
  let browser: Browser;
  let site: TestSite;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await launchChromium();
    site = await openSite((db) => seed(db, { studied: 3 }));
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });
  afterEach(async () => {
    await page?.context().close();
  });

  async function open(
    { url }: TestSite,
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    complaints = complaintsOf(page);
    await page.goto(url + path);
    return page;
  }
  const complete = (n: number) =>
    page.locator(`#turns .turn:nth-of-type(${n}):not([aria-busy])`).waitFor();

  test("by keyboard alone: asked, compared, asked on, corrected and found again", async () => {
    await open(site, "/ask");
    await page.getByLabel("Question").focus();
    await page.keyboard.type("Since when?");
    await page.keyboard.press("Enter");
    await complete(1);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("question");
    await page.keyboard.type("And where?");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await complete(2);
    const second = page.locator("#turns .turn").nth(1);
    expect(await second.locator("h4").allTextContents()).toEqual([
      "The base model",
      "Version 2",
      "Version 2, passages open",
    ]);
    await second.getByText("This is wrong").first().focus();
    await page.keyboard.press("Enter");
    await second.getByLabel("It should be").first().focus();
    await page.keyboard.type("In the town of Norbray");
    await page.keyboard.press("Enter");
    await second.getByText("answers it, and is").waitFor();
    await page.locator(".kept a").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Since when?", level: 1 }).waitFor();
    await page.getByText("Corrected: “In the town of Norbray”").waitFor();
    expect(await page.getByLabel("Compare").isChecked()).toBe(true);
    expect(complaints).toEqual([]);
  });

  test("a connection that is lost in the middle of an answer is told, and what was said stays", async () => {
    const leaving = await openSite();
    await open(leaving, "/ask");
    await page.getByLabel("Question").fill("How far?");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.locator("#turns").getByText("Since").waitFor();
    expect(await page.getByText("hears no more").isVisible()).toBe(false);
    await leaving.close();
    await page.getByText("hears no more").waitFor();
    expect(await page.locator("#turns blockquote").textContent()).toStartWith("Since");
  });

  test("long words and text from right to left fit a phone, with or without scripts", async () => {
    const question = `${"x".repeat(400)} متى أُضيء؟`;
    for (const javaScriptEnabled of [true, false]) {
      const options = { viewport: { width: 360, height: 740 }, javaScriptEnabled };
      await open(site, "/ask", options);
      await page.getByLabel("Question").fill(question);
      await page.getByLabel("Compare").check();
      await page.getByRole("button", { name: "Ask" }).click();
      await complete(1);
      await page.locator("#turns").getByText(ANSWER).first().waitFor();
      const { width } = (await page.locator("#turns").boundingBox())!;
      expect(width).toBeLessThanOrEqual(360);
      const boxes = await page.locator("#turns .question").boundingBox();
      expect(boxes!.x + boxes!.width).toBeLessThanOrEqual(360);
      await page.context().close();
    }
  });
});
