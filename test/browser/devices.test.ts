import { expect, it } from "vitest";
import { ANN, openDemo } from "../support/demo.ts";
import { newDevice, signIn, textOf, useBrowser } from "./browser.ts";

useBrowser();

const PHONE = {
  userAgent:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
  viewport: { width: 390, height: 844 },
};

for (const mode of ["server", "tracked"] as const) {
  it(`tells an open page of a second device at once that it was revoked, mode ${mode}`, async () => {
    const { url } = await openDemo({ mode });
    const laptop = await (await newDevice(url)).newPage();
    const phone = await (await newDevice(url, PHONE)).newPage();
    const streaming = phone.waitForResponse(`${url}/events`);
    await signIn(phone, ANN);
    await streaming;
    await signIn(laptop, ANN);

    await laptop.getByRole("link", { name: "Devices" }).click();
    const items = laptop.getByRole("listitem");
    expect(await items.count()).toBe(2);
    expect(await textOf(items.nth(0))).toContain("This device");
    expect(await textOf(items.nth(1))).toContain("Safari on iOS");
    expect(await phone.getByRole("alert").count()).toBe(0);
    await items.nth(1).getByRole("button", { name: "Sign out" }).click();
    expect(await textOf(laptop.getByRole("status"))).toBe("That device is signed out.");

    // Nothing happens on the phone but that it is told.
    await phone.getByRole("alert").waitFor();
    expect(await textOf(phone.getByRole("alert"))).toContain("This session has ended.");
    expect(await phone.getByRole("button", { name: "Keep it" }).isDisabled()).toBe(true);
    await phone.reload();
    expect(await textOf(phone.getByRole("heading", { level: 1 }))).toBe("Welcome");
    expect(await items.count()).toBe(1);
  });
}

it("refuses what the page of a revoked device still sends", async () => {
  const { url } = await openDemo();
  const laptop = await (await newDevice(url)).newPage();
  const phone = await (await newDevice(url, { ...PHONE, javaScriptEnabled: false })).newPage();
  await signIn(phone, ANN);
  await signIn(laptop, ANN);
  await laptop.goto("/devices");
  await laptop.getByRole("button", { name: "Log out my other devices" }).click();
  expect(await textOf(laptop.getByRole("status"))).toBe("One other device is signed out.");
  const [response] = await Promise.all([
    phone.waitForResponse(`${url}/note`),
    phone.getByRole("button", { name: "Keep it" }).click(),
  ]);
  expect(response.status()).toBe(403);
  await phone.goto("/devices");
  expect(phone.url()).toBe(`${url}/login`);
});

it("tells the other tab when one tab signs out", async () => {
  const { url } = await openDemo();
  const device = await newDevice(url);
  const [one, two] = [await device.newPage(), await device.newPage()];
  await signIn(one, ANN);
  const streaming = two.waitForResponse(`${url}/events`);
  await two.goto("/devices");
  await streaming;
  await one.getByRole("button", { name: "Sign out" }).click();
  await two.getByRole("alert").waitFor();
  expect(await two.getByRole("button", { name: "Sign out" }).isDisabled()).toBe(true);
});

it("works with JavaScript off: sign in, see the devices, end the other one, sign out", async () => {
  const { url } = await openDemo();
  const off = await newDevice(url, { javaScriptEnabled: false });
  const other = await (await newDevice(url, PHONE)).newPage();
  await signIn(other, ANN);
  const page = await off.newPage();
  await signIn(page, ANN);
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, Ann");
  await page.getByLabel("Note").fill("no script needed");
  await page.getByRole("button", { name: "Keep it" }).click();
  expect(await page.getByLabel("Note").inputValue()).toBe("no script needed");
  await page.getByRole("link", { name: "Devices" }).click();
  expect(await page.getByRole("listitem").count()).toBe(2);
  await page.getByRole("listitem").nth(1).getByRole("button", { name: "Sign out" }).click();
  expect(await page.getByRole("listitem").count()).toBe(1);
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome");
  await page.goto("/devices");
  expect(page.url()).toBe(`${url}/login`);
});

it("says in the stateless mode why there is no list", async () => {
  const { url } = await openDemo({ mode: "stateless" });
  const page = await (await newDevice(url)).newPage();
  await signIn(page, ANN);
  await page.getByRole("link", { name: "Devices" }).click();
  expect(await textOf(page.locator("main"))).toContain("There is no list in this mode");
});
