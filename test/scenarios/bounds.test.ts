/**
 * What a session may hold: its data up to `maxDataBytes`, its messages up to a number and a size.
 */
import { describe, expect, it } from "vitest";
import { anotherServer, MODES, openSite, requestWith } from "../support/visitor.ts";

const TOO_LARGE = expect.objectContaining({
  code: "SOJOURN_TOO_LARGE",
  message: expect.stringContaining("maxDataBytes"),
});
/** Of the JSON around the text. */
const FRAME = JSON.stringify({ text: "" }).length;

for (const mode of MODES) {
  describe(`data that is larger than \`maxDataBytes\`, in mode ${mode}`, () => {
    it("is refused by the commit before anything is stored, and the commit goes through with less", async () => {
      const { sessions, instrument } = openSite({ maxDataBytes: 1_024 }, mode);
      const session = await sessions.open(requestWith());
      session.data.text = "x".repeat(1_025 - FRAME);
      await expect(async () => sessions.commit(session)).rejects.toEqual(TOO_LARGE);
      expect(instrument.calls.create).toBe(0);
      session.data.text = "x".repeat(1_024 - FRAME);
      await sessions.commit(session);
    });

    it("is refused by a login and by `update`, which change nothing", async () => {
      const { sessions, visitor } = openSite({ maxDataBytes: 1_024 }, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data.kept = 1;
      });
      const session = await browser.open();
      const update = session.update("text", () => "x".repeat(2_000));
      await expect(update).rejects.toEqual(TOO_LARGE);
      expect(session.data).toEqual({ kept: 1 });
      session.data.text = "x".repeat(2_000);
      await expect(session.login("ann")).rejects.toEqual(TOO_LARGE);
      expect(session.userId).toBeUndefined();
      const again = await sessions.open(requestWith(await browser.cookies()));
      expect(again.data).toEqual({ kept: 1 });
    });

    it("is counted in octets, not in characters", async () => {
      const { sessions } = openSite({ maxDataBytes: 1_024 }, mode);
      const session = await sessions.open(requestWith());
      session.data.text = "é".repeat(600);
      await expect(async () => sessions.commit(session)).rejects.toEqual(TOO_LARGE);
      session.data.text = "é".repeat((1_024 - FRAME) / 2 - 1);
      await sessions.commit(session);
    });
  });

  it(`of thousands of messages that nobody looks at, the latest 50 are kept, in mode ${mode}`, async () => {
    const { visitor } = openSite({}, mode);
    const browser = visitor();
    for (let attempt = 0; attempt < 300; attempt++)
      await browser.visit((session) => session.flash("error", `Wrong password ${attempt}`));
    const { value } = await browser.visit((session) => session.flashes().map(({ text }) => text));
    expect(value).toEqual(Array.from({ length: 50 }, (_, at) => `Wrong password ${at + 250}`));
  });

  it(`of long messages those are kept that fit, the latest first, in mode ${mode}`, async () => {
    const { visitor } = openSite({}, mode);
    const browser = visitor();
    const long = "é".repeat(300);
    await browser.visit((session) => {
      for (let at = 0; at < 30; at++) session.flash("info", `${at}${long}`);
    });
    await browser.visit((session) => session.flash("info", `last${long}`));
    const { value } = await browser.visit((session) => session.flashes().map(({ text }) => text));
    expect(value).toHaveLength(mode === "stateless" ? 3 : 13);
    expect(value.at(-1)).toBe(`last${long}`);
    expect(value.at(-2)).toBe(`29${long}`);
  });

  it(`a message that is too large by itself is an error, and the others stay, in mode ${mode}`, async () => {
    const { visitor } = openSite({}, mode);
    const browser = visitor();
    await browser.visit((session) => {
      session.flash("info", "hello");
      expect(() => session.flash("info", "x".repeat(8_192))).toThrow(
        expect.objectContaining({ code: "SOJOURN_TOO_LARGE" }),
      );
    });
    expect((await browser.visit((session) => session.flashes())).value).toEqual([{ kind: "info", text: "hello" }]);
  });
}

describe("the bound of a session's data", () => {
  it("is 1 MiB", async () => {
    const { sessions } = openSite();
    const session = await sessions.open(requestWith());
    session.data.text = "x".repeat(1_048_577 - FRAME);
    await expect(async () => sessions.commit(session)).rejects.toEqual(TOO_LARGE);
    session.data.text = "x".repeat(1_048_576 - FRAME);
    await sessions.commit(session);
  });

  it("lets data that was stored under a larger one be read, touched, rotated and made smaller", async () => {
    const site = openSite();
    const browser = site.visitor();
    await browser.visit(async (session) => {
      session.data.text = "x".repeat(3_000);
      await session.login("ann");
    });
    const smaller = await browser.copy(anotherServer(site, { maxDataBytes: 1_024 }));
    expect((await smaller.visit((session) => session.data.text.length)).value).toBe(3_000);
    await smaller.visit((session) => session.flash("info", "hello"));
    await smaller.visit((session) => session.rotate());
    site.clock.advance(7_200_000);
    await smaller.visit();
    await smaller.visit((session) => {
      session.data.text = "less";
    });
    expect((await smaller.visit((session) => [session.userId, session.data])).value).toEqual(["ann", { text: "less" }]);
  });

  it("holds for what two requests bring together", async () => {
    const { sessions, visitor } = openSite({ maxDataBytes: 1_024 });
    const browser = visitor();
    await browser.visit((session) => {
      session.data.kept = 1;
    });
    const session = await browser.open();
    session.data.two = "x".repeat(600);
    await browser.visit((other) => {
      other.data.one = "x".repeat(600);
    });
    await expect(async () => sessions.commit(session)).rejects.toEqual(TOO_LARGE);
    const { value } = await browser.visit((session) => Object.keys(session.data));
    expect(value).toEqual(["kept", "one"]);
  });
});

it.each([
  ["Name or password wrong", 30],
  ["x".repeat(100), 10],
  ['ü"\\\n'.repeat(3), 20],
  ["\u0001".repeat(20), 5],
  ["", 50],
])("of any messages the latest are kept where all is in one cookie with data and a login: %j", async (text, least) => {
  const browser = openSite({}, "stateless").visitor();
  await browser.visit(async (session) => {
    session.data.cart = "y".repeat(300);
    await session.login("a-longer-name@mail.example", { factors: ["pwd", "otp"] });
    for (let at = 0; at < 200; at++) session.flash("error", `${at}${text}`);
  });
  await browser.visit((session) => session.flash("error", `last${text}`));
  await browser.visit((session) => session.login("a-longer-name@mail.example"));
  const { value } = await browser.visit((session) => [session.data.cart, session.flashes().map((each) => each.text)]);
  expect(value).toEqual(["y".repeat(300), expect.anything()]);
  expect(value?.[1].at(-1)).toBe(`last${text}`);
  expect(value?.[1].length).toBeGreaterThanOrEqual(least);
});
