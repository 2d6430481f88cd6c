import { expect, it } from "vitest";
import { openDemo } from "../support/demo.ts";
import { newDevice, readCounter, useBrowser } from "./browser.ts";

useBrowser();

for (const mode of ["server", "tracked", "stateless"] as const) {
  it(`counts on over reloads, mode ${mode}`, async () => {
    const { url } = await openDemo({ mode });
    const page = await (await newDevice(url)).newPage();
    await page.goto("/");
    const first = await readCounter(page);
    expect(first).toMatchObject({ line: `Session created: ${first.id}`, count: 1 });
    await page.reload();
    expect(await readCounter(page)).toEqual({ line: `Session: ${first.id}`, id: first.id, count: 2 });
    await page.getByRole("link", { name: "Count again" }).click();
    expect((await readCounter(page)).count).toBe(3);
  });

  it(`begins anew with a tampered cookie, without an error, mode ${mode}`, async () => {
    const { url } = await openDemo({ mode });
    const device = await newDevice(url);
    const page = await device.newPage();
    await page.goto("/");
    const { id } = await readCounter(page);
    const [cookie] = await device.cookies();
    const { value } = cookie as { value: string };
    const middle = Math.floor(value.length / 2);
    const other = value[middle] === "A" ? "B" : "A";
    await device.addCookies([{ ...cookie, value: value.slice(0, middle) + other + value.slice(middle + 1) } as never]);
    const response = await page.goto("/");
    expect(response?.status()).toBe(200);
    const after = await readCounter(page);
    expect(after).toMatchObject({ line: `Session created: ${after.id}`, count: 1 });
    expect(after.id).not.toBe(id);
    await page.reload();
    expect((await readCounter(page)).count).toBe(2);
  });
}

it("has a __Host- cookie that scripts cannot read over https, with a certificate made at start", async () => {
  const { url } = await openDemo({ https: true });
  expect(url).toMatch(/^https:/);
  const device = await newDevice(url);
  const page = await device.newPage();
  await page.goto("/");
  await page.reload();
  expect((await readCounter(page)).count).toBe(2);
  const cookies = await device.cookies();
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({ secure: true, httpOnly: true, sameSite: "Lax", path: "/", domain: "localhost" });
  expect(cookies[0]?.name).toMatch(/^__Host-/);
  expect(await page.evaluate("document.cookie")).toBe("");
});

it("counts each visit of two tabs at once", async () => {
  const { url } = await openDemo();
  const device = await newDevice(url);
  const [one, two] = [await device.newPage(), await device.newPage()];
  await one.goto("/");
  const { id } = await readCounter(one);
  for (let round = 0; round < 10; round++) await Promise.all([one.goto("/"), two.goto("/")]);
  const ends = await Promise.all([readCounter(one), readCounter(two)]);
  expect(ends.map((end) => end.id)).toEqual([id, id]);
  expect(Math.max(...ends.map(({ count }) => count))).toBe(21);
});
