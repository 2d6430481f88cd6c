/** Sojourn in the real Nuxt: `nuxt build` without a secret, and Nitro's server for Node, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication, itKeepsWhatLeavesEarly, logIn } from "./scenarios.ts";

useBrowser();
const application = useExample("nuxt");

itIsTheSameApplication(application);

itKeepsWhatLeavesEarly(application, "keeps what a handler did that leaves by a redirect or a thrown 404", "alert");

it("shows a page its session, lets the page clear it, and refuses with 401 who is nobody", async () => {
  const device = await newDevice(application.url);
  const page = await device.newPage();
  expect((await page.request.get("/api/devices")).status()).toBe(401);
  await page.goto("/", { waitUntil: "networkidle" });
  await logIn(page);
  await page.getByRole("heading", { name: "Welcome, ann" }).waitFor();
  const shown = await page.evaluate(async () => {
    const known = (await (await fetch("/api/_auth/session")).json()) as { user?: object };
    const cleared = await fetch("/api/_auth/session", { method: "DELETE" });
    const left = (await (await fetch("/api/_auth/session")).json()) as { user?: object };
    return [known.user, cleared.status, left.user];
  });
  expect(shown).toEqual([{ id: "ann" }, 200, undefined]);
  expect((await page.request.get("/api/devices")).status()).toBe(401);
});
