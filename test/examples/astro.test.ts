/** Sojourn in the real Astro: `astro build` without a secret, and the server of @astrojs/node, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication, itKeepsWhatLeavesEarly } from "./scenarios.ts";

useBrowser();
const application = useExample("astro");

itIsTheSameApplication(application);

itKeepsWhatLeavesEarly(application, "keeps what an endpoint did that leaves by a redirect or with a 404", "status");

it("lets a middleware behind the session redirect", async () => {
  const page = await (await newDevice(application.url)).newPage();
  await page.goto("/devices");
  expect(new URL(page.url()).pathname).toBe("/");
});
