/**
 * Code that was written for another `req.session`: nothing that it does to ours is lost in silence, or seen by another visitor.
 */
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { Session } from "../../src/session/session.ts";
import { openSite, requestWith } from "../support/visitor.ts";

const flash = createRequire(import.meta.url)("connect-flash") as () => (
  req: object,
  res: object,
  next: () => void,
) => void;

const named = (text: string): unknown =>
  expect.objectContaining({
    name: "SessionError",
    code: "SOJOURN_UNSUPPORTED",
    message: expect.stringContaining(text),
  });

/** Not in strict mode, where an assignment to what is frozen would be an error of its own. */
const assign = new Function("target", "name", "value", "target[name] = value") as (
  target: object,
  name: PropertyKey,
  value: unknown,
) => void;

describe("a session is closed to strangers", () => {
  it("a property that it has not is an error that names `session.data`, in sloppy code too", async () => {
    const session = await openSite().sessions.open(requestWith());
    expect(() => assign(session, "cart", [])).toThrow(named("session.data.cart"));
    expect(() => Reflect.set(session, "cart", [])).toThrow(named("session.data.cart"));
    expect(() => assign(session, "__proto__", {})).toThrow();
    expect(() => assign(session, Symbol("x"), 1)).toThrow(named("session.data[Symbol(x)]"));
    expect(Object.keys(session)).toEqual([]);
  });

  it("its own properties and verbs are no places to keep something, either", async () => {
    const session = await openSite().sessions.open(requestWith());
    for (const name of ["id", "userId", "login", "flash", "signal", "constructor"]) {
      expect(() => assign(session, name, 1)).toThrow(named(`session.data.${name}`));
    }
    assign(session, "data", { kept: 1 });
    expect(session.data).toEqual({ kept: 1 });
  });

  it("its prototype and the functions there are frozen", () => {
    const prototype = Session.prototype as object;
    expect(Object.isFrozen(prototype)).toBe(true);
    for (const name of ["login", "flash", "flashes", "update", "destroy"]) {
      const verb: unknown = Reflect.get(prototype, name);
      expect([name, typeof verb, Object.isFrozen(verb)]).toEqual([name, "function", true]);
      expect((verb as { name: string }).name).toBe(name);
    }
  });

  it("connect-flash keeps no visitor's messages for another, and hears that it cannot keep them here", async () => {
    const { sessions } = openSite();
    const request = { session: await sessions.open(requestWith()), flash: (_kind: string, _text?: string) => [""] };
    const bare: { session: object; flash?: typeof request.flash } = { session: request.session };
    flash()(bare, {}, () => undefined);
    expect(() => bare.flash?.("info", "for Ann")).toThrow(named("session.data.flash"));
    const other = await sessions.open(requestWith());
    expect(Object.keys(other.flash)).toEqual([]);
    expect(other.flashes()).toEqual([]);
  });

  it("a callback is an error that names the promise, at once, and the verb has done nothing", async () => {
    const { visitor } = openSite();
    const browser = visitor();
    await browser.visit((session) => session.login("ann"));
    const session = await browser.open();
    for (const verb of ["login", "logout", "destroy", "rotate", "reauthenticate", "reload", "csrfToken"]) {
      const call = Reflect.get(session, verb) as (...given: unknown[]) => unknown;
      expect(() => call.call(session, () => undefined)).toThrow(named(`await session.${verb}`));
      expect(() => call.call(session, "ann", () => undefined)).toThrow(named(`await session.${verb}`));
    }
    const update = Reflect.get(session, "update") as (...given: unknown[]) => unknown;
    const change = () => undefined;
    expect(() => update.call(session, "count", change, () => undefined)).toThrow(named("await session.update"));
    expect(() => update.call(session, change, () => undefined)).toThrow(named("await session.update"));
    expect(session.userId).toBe("ann");
    expect((await browser.open()).userId).toBe("ann");
  });

  it("is an object like others to whoever only looks", async () => {
    const session = await openSite().sessions.open(requestWith());
    expect(session).toBeInstanceOf(Session);
    expect(session).toBeInstanceOf(Object);
    expect(Reflect.get(session, "then")).toBeUndefined();
    expect(Reflect.get(session, "save")).toBeUndefined();
    expect(JSON.parse(JSON.stringify(session))).toMatchObject({ isNew: true });
    expect(String(session)).toBe("[object Object]");
  });
});
