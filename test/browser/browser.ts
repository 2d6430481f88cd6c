/** A real Chromium for the tests of this folder. */
import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import type { ANN } from "../support/demo.ts";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"];

let browser: Browser;

/** Call it once in a test file. */
export function useBrowser(): void {
  beforeAll(async () => {
    const executablePath = CANDIDATES.find((path) => path !== undefined && existsSync(path));
    if (!executablePath) throw new Error("No Chromium: install the package chromium, or name the program in CHROMIUM.");
    const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"];
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(() => browser?.close());
}

/** A browser of its own: no cookies of others. Anything that the page's console calls an error fails the test. */
export async function newDevice(baseURL: string, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL, ignoreHTTPSErrors: true, ...options });
  context.setDefaultTimeout(30_000);
  const problems: string[] = [];
  context.on("weberror", (error) => problems.push(String(error.error())));
  context.on("console", (message) => {
    // A refused status shows in the console as well; the tests look at statuses themselves.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      problems.push(message.text());
  });
  onTestFinished(async () => {
    await context.close();
    if (problems.length > 0) throw new Error(`The browser reported: ${problems.join("; ")}`);
  });
  return context;
}

export async function signIn(page: Page, user: typeof ANN): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("Name").fill(user.name);
  await page.getByLabel("Password").fill(user.password);
  await page.locator("main").getByRole("button", { name: "Sign in" }).click();
}

/** What the counter shows: the line with the id, and the count. */
export async function readCounter(page: Page): Promise<{ line: string; id: string; count: number }> {
  const line = await textOf(page.locator(".id"));
  const count = Number(await textOf(page.locator(".count strong")));
  return { line, id: await textOf(page.locator(".id code")), count };
}

/** The text of an element as it reads, with single spaces. */
export async function textOf(element: Locator): Promise<string> {
  return ((await element.textContent()) ?? "").replace(/\s+/g, " ").trim();
}
