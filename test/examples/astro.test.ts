/** Sojourn in the real Astro: `astro build` without a secret, and the server of @astrojs/node, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, textOf, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication } from "./scenarios.ts";

useBrowser();
const application = useExample("astro");

itIsTheSameApplication(application);

it("keeps what an endpoint did that leaves by a redirect or with a 404", async () => {
  const page = await (await newDevice(application.url)).newPage();
  const refused = await page.goto("/invitation/nonsense");
  expect(refused?.status()).toBe(404);
  await page.goto("/");
  expect(await textOf(page.getByRole("status"))).toBe("That invitation is not valid.");
  await page.goto("/invitation/harbour-thistle-2");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ben");
});

it("lets a middleware behind the session redirect", async () => {
  const page = await (await newDevice(application.url)).newPage();
  await page.goto("/devices");
  expect(new URL(page.url()).pathname).toBe("/");
});
