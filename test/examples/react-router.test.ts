/** Sojourn in the real React Router, in framework mode with its own server, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, textOf, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication } from "./scenarios.ts";

useBrowser();
const application = useExample("react-router");

itIsTheSameApplication(application);

it("keeps what a loader did that leaves by a thrown redirect or a thrown 404", async () => {
  const page = await (await newDevice(application.url)).newPage();
  const refused = await page.request.get("/invitation/nonsense");
  expect(refused.status()).toBe(404);
  await page.goto("/");
  expect(await textOf(page.getByRole("status"))).toBe("That invitation is not valid.");
  await page.goto("/invitation/harbour-thistle-2");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ben");
});

it("refuses a cross-site request that names no origin but says so", async () => {
  const page = await (await newDevice(application.url)).newPage();
  await page.goto("/invitation/harbour-thistle-2");
  const refused = await page.request.post("/note", {
    form: { note: "x" },
    headers: { "sec-fetch-site": "cross-site" },
  });
  expect(refused.status()).toBe(403);
});
