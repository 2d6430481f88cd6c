/** Sojourn in the real Nuxt: `nuxt build` without a secret, and Nitro's server for Node, in a real browser. */
import { expect, it } from "vitest";
import { newDevice, textOf, useBrowser } from "../browser/browser.ts";
import { useExample } from "./application.ts";
import { itIsTheSameApplication, logIn } from "./scenarios.ts";

useBrowser();
const application = useExample("nuxt");

itIsTheSameApplication(application);

it("keeps what a handler did that leaves by a redirect or a thrown 404", async () => {
  const page = await (await newDevice(application.url)).newPage();
  const refused = await page.goto("/invitation/nonsense");
  expect(refused?.status()).toBe(404);
  await page.goto("/");
  expect(await textOf(page.getByRole("alert"))).toBe("That invitation is not valid.");
  await page.goto("/invitation/harbour-thistle-2");
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ben");
});

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
