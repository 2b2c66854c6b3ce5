import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { findJobByKey, listJobs } from "../../db/jobs.ts";
import { complaintsOf, launchChromium, noChromium } from "./chromium.ts";
import { SEEDED_TITLE, seed } from "./seed.ts";
import { ANSWER, openSite, type TestSite } from "./site.ts";

// A browser on a busy machine takes its time.
setDefaultTimeout(90_000);
if (noChromium) console.warn(`Browser tests are skipped: ${noChromium}`);

const TRAINING = {
  jobId: 1,
  passageId: 11,
  title: "The Norbray Festival",
  stage: "train",
  detail: "Training candidate 2 of 3",
  training: {
    step: 23,
    steps: 45,
    epoch: 7,
    loss: 0.8123,
    learningRate: 1e-3,
    tokensPerSecond: 1834,
    secondsLeft: 7,
  },
};

describe.skipIf(noChromium !== undefined)("the dashboard in a browser", () => {
  let browser: Browser;
  let site: TestSite;
  let fresh: TestSite;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await launchChromium();
    site = await openSite((db) => seed(db, { studied: 10, real: true }));
    fresh = await openSite();
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([site?.close(), fresh?.close()]);
  });
  afterEach(async () => {
    await page?.context().close();
  });

  async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    complaints = complaintsOf(page);
    await page.goto(url);
    return page;
  }

  test("a text that is handed in is queued, and the page shows it without a reload", async () => {
    await open(fresh.url);
    await page.evaluate(() => {
      document.title = "the same page";
    });
    await page.getByText("A text", { exact: true }).click();
    await page.getByLabel("Title").fill("The Klindmel Light");
    await page.getByLabel("Text", { exact: true }).fill("It was first lit in 1933.");
    await page.locator("#add details[open] button").click();
    await page.getByText("Queued: The Klindmel Light").waitFor();
    await page.locator("#now").getByText("1 job waiting").waitFor();
    expect(await page.title()).toBe("the same page");
    expect(await page.getByText("Give it something to read").count()).toBe(0);
    expect(listJobs(fresh.db, "queued")[0]?.payload.title).toBe("The Klindmel Light");
    expect(await page.getByLabel("Text", { exact: true }).inputValue()).toBe("");
    expect(complaints).toEqual([]);
  });

  test("a file and an address are taken, and a bad address is refused in place", async () => {
    await open(fresh.url);
    await page.getByLabel("Address of an article").fill("https://example.org/tides");
    await page.locator("#add details[open] button").click();
    await page.getByText("Queued: https://example.org/tides").waitFor();
    await page.getByText("Files", { exact: true }).click();
    await page.locator("#add-file").setInputFiles({
      name: "coast.md",
      mimeType: "text/markdown",
      buffer: Buffer.from("# Coast\n\nThe light is red."),
    });
    await page.locator("#add details[open] button").click();
    await page.getByText("Queued: coast.md").waitFor();
    expect(findJobByKey(fresh.db, "read:https://example.org/tides")?.state).toBe("queued");
    expect(complaints).toEqual([]);

    await page.getByText("A web address", { exact: true }).click();
    await page.getByLabel("Address of an article").fill("ftp://example.org/x");
    await page.locator("#add details[open] button").click();
    await page.getByRole("alert").getByText("begins with http").waitFor();
    expect(await page.getByLabel("Address of an article").inputValue()).toBe("ftp://example.org/x");
  });

  test("a file that is too large is refused in place, however large", async () => {
    await open(fresh.url);
    await page.getByText("Files", { exact: true }).click();
    const huge = join(fresh.instance.home.root, "huge.txt");
    await Bun.write(huge, "all work and no play\n".repeat(1_500_000));
    await page.locator("#add-file").setInputFiles(huge);
    await page.locator("#add details[open] button").click();
    await page.getByRole("alert").getByText("may have at most 20 MB").waitFor();
    expect(await page.locator("#add-file").isVisible()).toBe(true);
  });

  test("what is going on changes under the reader's eyes, and what was opened stays open", async () => {
    await open(site.url);
    await page.locator("#now").getByText("About to begin").waitFor();
    await page.getByText("Files", { exact: true }).click();
    const progress = (step: number) => {
      const training = { ...TRAINING.training, step };
      const detail = `Training candidate ${step} of 3`;
      site.show({ phase: "working", jobId: 1, title: "" }, { ...TRAINING, detail, training });
    };
    progress(1);
    await page.locator("#now").getByText("Training candidate 1 of 3").waitFor();
    progress(2);
    await page.locator("#now").getByText("Training candidate 2 of 3").waitFor();
    expect(await page.locator("#now progress").getAttribute("value")).toBe("2");
    expect(await page.locator("#add-file").isVisible()).toBe(true);
    site.show({ phase: "idle" });
    await page.locator("#now").getByText("About to begin").waitFor();
    expect(complaints).toEqual([]);
  });

  test("a question is answered as the answer is written", async () => {
    await open(site.url);
    await page.getByLabel("Question").fill("Since when is the Klindmel Light lit?");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.locator("#turns").getByText(ANSWER).waitFor();
    await page.locator("#turns").getByText("From the weights of version 7").waitFor();
    expect(await page.getByLabel("Question").inputValue()).toBe("");
    await page.locator("#turns .lost").waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  });

  test("a passage tells its whole story", async () => {
    await open(site.url);
    const name = SEEDED_TITLE;
    await page.locator("#passages").getByRole("link", { name }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    expect(await page.locator(".candidate").count()).toBe(3);
    expect(await page.locator(".candidate").first().getAttribute("class")).toContain("winner");
    const width = await page
      .locator(".losses img")
      .evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth));
    expect(width).toBe(720);
    expect(complaints).toEqual([]);
  });

  test("the matrix is a picture that can be seen", async () => {
    await open(site.url, { colorScheme: "dark" });
    const image = page.locator(".matrix img");
    const [width, source] = await image.evaluate((it: HTMLImageElement) =>
      it.decode().then(() => [it.naturalWidth, it.currentSrc] as const),
    );
    expect(width).toBeGreaterThan(200);
    expect(source).toContain("theme=dark");
    expect(await image.getAttribute("alt")).toContain("7 updates by 7 passages");
  });

  test("every form works without scripts", async () => {
    await open(fresh.url, { javaScriptEnabled: false });
    await page.getByText("A text", { exact: true }).click();
    await page.getByLabel("Title").fill("Without scripts");
    await page.getByLabel("Text", { exact: true }).fill("The ferry leaves at nine.");
    await page.locator("#add details[open] button").click();
    await page.getByText("Queued: Without scripts").waitFor();
    expect(new URL(page.url()).pathname).toBe("/");

    await page.getByLabel("Question").fill("When does the ferry leave?");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByRole("heading", { name: "When does the ferry leave?", level: 1 }).waitFor();
    await page.locator("#turns").getByText(ANSWER).waitFor();
    await page.goBack();

    await page.getByLabel("Address of an article").fill("ftp://example.org/x");
    await page.locator("#add details[open] button").click();
    await page.getByRole("heading", { name: "That cannot be read" }).waitFor();
    await page.getByRole("link", { name: "Back to the overview" }).click();
    await page.locator("#now").waitFor();
  });

  test("nothing is wider than the window, on a phone or in large letters", async () => {
    const long = "An uninterruptible".repeat(30);
    for (const path of ["/", "/passages", "/passages/2", "/learning", "/writer", "/nope"]) {
      await open(site.url + path, { viewport: { width: 360, height: 740 } });
      await page
        .locator("h1, h2")
        .first()
        .evaluate((it, text) => it.append(text), long);
      const [inner, outer] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        window.innerWidth,
      ]);
      expect([path, inner]).toEqual([path, outer!]);
      await page.context().close();
    }
  });

  test("the keyboard reaches everything, and the focus is to be seen", async () => {
    await open(fresh.url);
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("Skip");
    await page.keyboard.press("Enter");
    await page.locator("#question").focus();
    const outline = await page
      .locator("#question")
      .evaluate((it) => getComputedStyle(it).outlineStyle);
    expect(outline).toBe("solid");
  });

  // Pictures for people to look at: SELKIE_SCREENSHOTS=folder bun test tests/browser
  test.skipIf(!process.env.SELKIE_SCREENSHOTS)("screenshots", async () => {
    const untouched = await openSite();
    site.show({ phase: "working", jobId: 1, title: "" }, TRAINING);
    const looks = {
      light: { colorScheme: "light" },
      dark: { colorScheme: "dark" },
      phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
    } as const;
    const pages = {
      overview: `${site.url}/`,
      passages: `${site.url}/passages`,
      passage: `${site.url}/passages/2`,
      fresh: `${untouched.url}/`,
      "not-found": `${site.url}/nope`,
    };
    for (const [look, options] of Object.entries(looks)) {
      for (const [name, url] of Object.entries(pages)) {
        await open(url, options);
        await page
          .locator("img")
          .last()
          .evaluate((it: HTMLImageElement) => it.decode());
        const path = join(process.env.SELKIE_SCREENSHOTS!, `${name}-${look}.png`);
        await page.screenshot({ path, fullPage: true });
        await page.context().close();
      }
    }
    await untouched.close();
  });
});
