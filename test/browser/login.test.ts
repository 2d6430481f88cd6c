import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { ANN, openDemo } from "../support/demo.ts";
import { newDevice, readCounter, signIn, textOf, useBrowser } from "./browser.ts";

useBrowser();

for (const mode of ["server", "tracked", "stateless"] as const) {
  it(`signs in under a new id with the count carried over, and out again, mode ${mode}`, async () => {
    const { url } = await openDemo({ mode });
    const page = await (await newDevice(url)).newPage();
    await page.goto("/");
    const before = await readCounter(page);
    await signIn(page, ANN);
    expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, Ann");
    expect(await textOf(page.getByRole("status"))).toContain("You are signed in.");
    const after = await readCounter(page);
    expect(after.count).toBe(2);
    expect(after.id).not.toBe(before.id);
    await page.reload();
    expect(await page.getByRole("status").count()).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    expect(await textOf(page.getByRole("status"))).toContain("You are signed out.");
    expect((await readCounter(page)).count).toBe(1);
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(0);
  });
}

it("stays on the form with a wrong password, says so, and lets the next try in", async () => {
  const { url } = await openDemo();
  const page = await (await newDevice(url)).newPage();
  await signIn(page, { ...ANN, password: "lantern" });
  expect(await textOf(page.getByRole("alert").filter({ visible: true }))).toBe("The name or the password is wrong.");
  expect(await page.getByLabel("Name").inputValue()).toBe("ann");
  await page.getByLabel("Password").fill(ANN.password);
  await page.locator("main").getByRole("button", { name: "Sign in" }).click();
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, Ann");
});

it("keeps the cookie for the browser's run only when it should not stay signed in", async () => {
  const { url } = await openDemo();
  const device = await newDevice(url);
  const page = await device.newPage();
  await page.goto("/login");
  expect((await device.cookies())[0]?.expires).toBeGreaterThan(0);
  await page.getByLabel("Name").fill(ANN.name);
  await page.getByLabel("Password").fill(ANN.password);
  await page.getByLabel("Stay signed in").uncheck();
  await page.locator("main").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  expect((await device.cookies())[0]?.expires).toBe(-1);
});

it("shows a note as text, whatever is in it", async () => {
  const { url } = await openDemo();
  const page = await (await newDevice(url)).newPage();
  const note = `"><script>document.title = "owned"</script><img src=x onerror=alert(1)>`;
  await page.goto("/");
  await page.getByLabel("Note").fill(note);
  await page.getByRole("button", { name: "Keep it" }).click();
  expect(await page.getByLabel("Note").inputValue()).toBe(note);
  expect(await page.title()).toBe("Counter · Sojourn");
});

it("refuses a form that a page of another origin sends with the user's cookie", async () => {
  const { url } = await openDemo();
  const attacker = createServer((_req, res) => {
    res.setHeader("content-type", "text/html");
    res.end(`<form method="post" action="${url}/logout"><button>Win a prize</button></form>`);
  }).listen(0);
  onTestFinished(() => void attacker.close());
  const device = await newDevice(url);
  const page = await device.newPage();
  await signIn(page, ANN);
  // The same host on another port is the same site: the browser does send the cookie along.
  await page.goto(`http://localhost:${(attacker.address() as AddressInfo).port}/`);
  const [response] = await Promise.all([
    page.waitForResponse(`${url}/logout`),
    page.getByRole("button", { name: "Win a prize" }).click(),
  ]);
  expect(await response.request().headerValue("cookie")).toContain("sojourn-demo=");
  expect(response.status()).toBe(403);
  await page.goto(url);
  expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe("Welcome, Ann");
});
