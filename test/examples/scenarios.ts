/** What every example does in a real browser, whatever framework it is made with. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { newDevice, textOf } from "../browser/browser.ts";

const ANN = { name: "ann", password: "lantern-orchard-7" };

const PHONE: BrowserContextOptions = {
  userAgent:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
};

/** What the page shows at once, or as soon as it has it: frameworks change a page without loading another. */
const heading = (page: Page) => expect.poll(() => textOf(page.getByRole("heading", { level: 1 })));
const countOf = (page: Page) => expect.poll(() => textOf(page.locator("strong")));
const status = (page: Page) => expect.poll(() => page.getByRole("status").allTextContents());

export async function logIn(page: Page, user = ANN): Promise<void> {
  await page.getByLabel("Name").fill(user.name);
  await page.getByLabel("Password").fill(user.password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** The page, when its scripts have taken over: what is clicked before may be lost to a page that is being made alive. */
async function open(page: Page, url: string): Promise<void> {
  await page.goto(url, { waitUntil: "networkidle" });
}

async function loggedIn(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await newDevice(url, options)).newPage();
  await open(page, "/");
  const streaming = page.waitForResponse(
    (response) => response.headers()["content-type"]?.startsWith("text/event-stream") === true,
  );
  await logIn(page);
  await heading(page).toBe("Welcome, ann");
  await streaming;
  return page;
}

/**
 * @param application Started by `useExample`.
 * @param options.withoutScripts False for a framework whose forms need scripts. Default true.
 */
export function itIsTheSameApplication(
  application: { readonly url: string },
  { withoutScripts = true }: { readonly withoutScripts?: boolean } = {},
): void {
  it("stores nothing for who only looks", async () => {
    const device = await newDevice(application.url);
    const page = await device.newPage();
    await open(page, "/");
    await heading(page).toBe("Welcome");
    expect(await device.cookies()).toEqual([]);
  });

  it("counts, and keeps the count over a login with another id and a logout without it", async () => {
    const device = await newDevice(application.url);
    const page = await device.newPage();
    await open(page, "/");
    for (const count of ["1", "2"]) {
      await page.getByRole("button", { name: "Count" }).click();
      await countOf(page).toBe(count);
    }
    const [before] = await device.cookies();
    expect(before).toMatchObject({ httpOnly: true, secure: true, sameSite: "Lax", path: "/" });
    await logIn(page);
    await heading(page).toBe("Welcome, ann");
    await status(page).toEqual(["You are logged in."]);
    await countOf(page).toBe("2");
    const [after] = await device.cookies();
    expect(after?.value).not.toBe(before?.value);
    await open(page, "/");
    expect(await page.getByRole("status").count()).toBe(0);
    await page.getByRole("button", { name: "Log out" }).click();
    await heading(page).toBe("Welcome");
    await status(page).toEqual(["You are logged out."]);
    await countOf(page).toBe("0");
  });

  it("says that a password is wrong, and logs nobody in", async () => {
    const page = await (await newDevice(application.url)).newPage();
    await open(page, "/");
    await logIn(page, { ...ANN, password: "lantern" });
    await expect.poll(() => page.getByRole("alert").allTextContents()).toContain("The name or the password is wrong.");
    await logIn(page);
    await heading(page).toBe("Welcome, ann");
  });

  it("keeps a note by a form with a token, as text, and refuses the form without it from nowhere", async () => {
    const page = await loggedIn(application.url);
    const note = `"><script>document.title = "owned"</script>`;
    await page.getByLabel("Note").fill(note);
    await page.getByRole("button", { name: "Keep it" }).click();
    await status(page).toEqual(["The note is kept."]);
    expect(await page.getByLabel("Note").inputValue()).toBe(note);
    expect(await page.title()).not.toBe("owned");
    const [cookie] = await page.context().cookies();
    const refused = await fetch(`${application.url}/note`, {
      method: "POST",
      headers: { cookie: `${cookie?.name}=${cookie?.value}` },
      body: new URLSearchParams({ note: "forged" }),
      redirect: "manual",
    });
    expect(refused.status).toBe(403);
  });

  it("refuses a form that a page of another origin sends with the user's cookie", async () => {
    const page = await loggedIn(application.url);
    const attacker = createServer((_req, res) => {
      res.setHeader("content-type", "text/html");
      res.end(`<form method="post" action="${application.url}/note"><button name="note" value="x">Win</button></form>`);
    }).listen(0);
    onTestFinished(() => void attacker.close());
    // The same host on another port is the same site: the browser does send the cookie along.
    await page.goto(`http://localhost:${(attacker.address() as AddressInfo).port}/`);
    const [response] = await Promise.all([
      page.waitForResponse(`${application.url}/note`),
      page.getByRole("button", { name: "Win" }).click(),
    ]);
    expect(response.status()).toBe(403);
    await open(page, application.url);
    expect(await page.getByLabel("Note").inputValue()).toBe("");
  });

  it("shows the devices, and tells an open page of another one at once that it was logged out", async () => {
    const laptop = await loggedIn(application.url);
    const phone = await loggedIn(application.url, PHONE);
    await laptop.getByRole("link", { name: "Devices" }).click();
    const other = laptop.getByRole("listitem").filter({ hasText: "Safari on iOS" }).last();
    await other.waitFor();
    await laptop.getByText("This device").waitFor();
    // Of other tests: only this phone's page is watched here.
    for (const item of await laptop.getByRole("listitem").filter({ hasText: "Safari on iOS" }).all())
      expect(await item.getByRole("button", { name: "Log out" }).count()).toBe(1);
    expect(await phone.getByRole("alert").filter({ hasText: "ended" }).count()).toBe(0);
    await other.getByRole("button", { name: "Log out" }).click();
    await status(laptop).toEqual(["That device is logged out."]);
    await phone.getByRole("alert").filter({ hasText: "This session has ended." }).waitFor();
    await phone.goto("/devices");
    await heading(phone).toBe("Welcome");
  });

  if (!withoutScripts) return;
  it("works without scripts", async () => {
    const page = await (await newDevice(application.url, { javaScriptEnabled: false })).newPage();
    await page.goto("/");
    await page.getByRole("button", { name: "Count" }).click();
    await countOf(page).toBe("1");
    await logIn(page);
    await heading(page).toBe("Welcome, ann");
    await page.getByLabel("Note").fill("no script needed");
    await page.getByRole("button", { name: "Keep it" }).click();
    await status(page).toEqual(["The note is kept."]);
    await page.getByRole("link", { name: "Devices" }).click();
    await heading(page).toBe("Devices");
    await page.getByRole("link", { name: "Back" }).click();
    await page.getByRole("button", { name: "Log out" }).click();
    await heading(page).toBe("Welcome");
  });
}

/**
 * @param title What it is that leaves, in the framework's words.
 * @param role Where the application shows that an invitation is not valid.
 */
export function itKeepsWhatLeavesEarly(
  application: { readonly url: string },
  title: string,
  role: "alert" | "status",
): void {
  it(title, async () => {
    const page = await (await newDevice(application.url)).newPage();
    const refused = await page.goto("/invitation/nonsense");
    expect(refused?.status()).toBe(404);
    await page.goto("/");
    expect(await textOf(page.getByRole(role))).toBe("That invitation is not valid.");
    await page.goto("/invitation/harbour-thistle-2");
    expect(new URL(page.url()).pathname).toBe("/");
    expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, ben");
  });
}
