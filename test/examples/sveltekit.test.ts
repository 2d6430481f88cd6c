/** Sojourn in the real SvelteKit: `vite build` without a secret, and the server of adapter-node, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication, itKeepsWhatLeavesEarly } from "./scenarios.ts";

useBrowser();
const application = useExample("sveltekit");

itIsTheSameApplication(application);

itKeepsWhatLeavesEarly(application, "keeps what an endpoint did that leaves by redirect() or error()", "status");

it("lets a hook behind the session redirect, for a page and for its data", async () => {
  const page = await (await newDevice(application.url)).newPage();
  await page.goto("/devices");
  expect(new URL(page.url()).pathname).toBe("/");
  const data = await page.request.get("/devices/__data.json", { maxRedirects: 0 });
  expect(await data.json()).toMatchObject({ type: "redirect", location: "/" });
});
