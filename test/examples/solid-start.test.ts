/** Sojourn in the real Solid Start: `vite build` without a secret, and its server under srvx, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, textOf, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication } from "./scenarios.ts";

useBrowser();
const application = useExample("solid-start");

itIsTheSameApplication(application);

it("keeps what a route did that leaves by a redirect or with a 404", async () => {
  const page = await (await newDevice(application.url)).newPage();
  const refused = await page.goto("/invitation/nonsense");
  expect(refused?.status()).toBe(404);
  await page.goto("/");
  expect(await textOf(page.getByRole("alert"))).toBe("That invitation is not valid.");
  await page.goto("/invitation/harbour-thistle-2");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ben");
});
