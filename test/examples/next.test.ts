/** Sojourn in the real Next.js: `next build` without a secret, and the standalone server that it leaves, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, textOf, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication, logIn } from "./scenarios.ts";

useBrowser();
const application = useExample("next");

// The example keeps sessions in memory: what an action stores, a component, a route handler and the proxy find in it
// only because the three copies of the module share one instance.
itIsTheSameApplication(application);

it("keeps what a route handler did that leaves by redirect() or notFound()", async () => {
  const page = await (await newDevice(application.url)).newPage();
  const refused = await page.request.get("/invitation/nonsense");
  expect(refused.status()).toBe(404);
  await page.goto("/");
  expect(await textOf(page.getByRole("status"))).toBe("That invitation is not valid.");
  await page.goto("/invitation/harbour-thistle-2");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ben");
});

it("has prefetches use up no message of the page that is prefetched", async () => {
  const page = await (await newDevice(application.url)).newPage();
  await page.goto("/invitation/harbour-thistle-2");
  await page.request.post("/note", {
    form: { note: "kept" },
    headers: { "sec-fetch-site": "same-origin" },
    maxRedirects: 0,
  });
  const prefetched = await page.request.get("/", { headers: { rsc: "1", "next-router-prefetch": "1" } });
  expect(prefetched.status()).toBe(200);
  await page.goto("/");
  expect(await textOf(page.getByRole("status"))).toBe("The note is kept.");
});

it("has proxy.ts look at the session before a page is rendered", async () => {
  const device = await newDevice(application.url);
  const page = await device.newPage();
  await page.goto("/devices");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await device.cookies()).toEqual([]);
});

it("shares its sessions with the Pages Router: a page and an API route", async () => {
  const page = await (await newDevice(application.url)).newPage();
  await page.goto("/legacy");
  expect(await textOf(page.locator("strong"))).toBe("1");
  const answer = await page.request.post("/api/visits", { headers: { "sec-fetch-site": "same-origin" } });
  expect(await answer.json()).toEqual({ count: 2 });
  await page.goto("/");
  expect(await textOf(page.locator("strong"))).toBe("2");
  await logIn(page);
  await page.getByRole("heading", { name: "Welcome, ann" }).waitFor();
  await page.goto("/legacy");
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ann");
});
