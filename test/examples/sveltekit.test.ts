/** Sojourn in the real SvelteKit: `vite build` without a secret, and the server of adapter-node, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, textOf, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication } from "./scenarios.ts";

useBrowser();
const application = useExample("sveltekit");

itIsTheSameApplication(application);

it("keeps what an endpoint did that leaves by redirect() or error()", async () => {
  const page = await (await newDevice(application.url)).newPage();
  const refused = await page.goto("/invitation/nonsense");
  expect(refused?.status()).toBe(404);
  await page.goto("/");
  expect(await textOf(page.getByRole("status"))).toBe("That invitation is not valid.");
  await page.goto("/invitation/harbour-thistle-2");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ben");
});

it("lets a hook behind the session redirect, for a page and for its data", async () => {
  const page = await (await newDevice(application.url)).newPage();
  await page.goto("/devices");
  expect(new URL(page.url()).pathname).toBe("/");
  const data = await page.request.get("/devices/__data.json", { maxRedirects: 0 });
  expect(await data.json()).toMatchObject({ type: "redirect", location: "/" });
});
