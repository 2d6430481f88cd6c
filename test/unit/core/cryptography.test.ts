/**
 * What a request may cost in cryptography, counted at the platform.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { platform } from "../../../src/crypto/node.ts";
import type { Platform } from "../../../src/crypto/platform.ts";
import { MODES, openSite, requestWith } from "../../support/visitor.ts";

type Operation = "hash" | "mac" | "seal" | "open" | "random";

let counts: Partial<Record<Operation, number>>;
const count = (operation: Operation): void => {
  counts[operation] = (counts[operation] ?? 0) + 1;
};

const original: Platform = { ...platform };

beforeEach(() => {
  counts = {};
  const counting: Partial<Platform> = {
    sha256(message) {
      count("hash");
      return original.sha256(message);
    },
    randomBytes(length) {
      count("random");
      return original.randomBytes(length);
    },
    async mac(key) {
      const mac = await original.mac(key);
      return (message) => {
        count("mac");
        return mac(message);
      };
    },
    async aead(key) {
      const { seal, open } = await original.aead(key);
      return {
        seal(...args) {
          count("seal");
          return seal(...args);
        },
        open(...args) {
          count("open");
          return open(...args);
        },
      };
    },
  };
  Object.assign(platform, counting);
});

afterEach(() => {
  Object.assign(platform, original);
});

for (const mode of MODES) {
  describe(`in mode ${mode}`, () => {
    const verified = mode === "server" ? { mac: 1, hash: 1 } : { open: 1, hash: 1 };

    it("a request without a cookie costs nothing", async () => {
      const { sessions } = openSite({}, mode);
      counts = {};
      const session = await sessions.open(requestWith());
      void session.data.a;
      await sessions.commit(session);
      expect(counts).toEqual({});
    });

    it("a value is verified when it comes for the first and the second time", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      for (const expected of [verified, verified, {}, {}]) {
        counts = {};
        await browser.visit((session) => session.data.a);
        expect(counts).toEqual(expected);
      }
    });

    it("a new session costs an id and one value", async () => {
      const { sessions } = openSite({}, mode);
      const session = await sessions.open(requestWith());
      session.data.a = 1;
      counts = {};
      await sessions.commit(session);
      const id = { random: 1, hash: 1 };
      // The first seal of a process begins a nonce, too.
      expect(counts).toEqual(mode === "server" ? { ...id, mac: 1 } : { ...id, random: 3, seal: 1 });
    });

    it("a change costs one seal where the data is in the cookie, and nothing elsewhere", async () => {
      const { visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      await browser.visit();
      await browser.visit();
      counts = {};
      await browser.visit((session) => {
        session.data.a = 1;
      });
      expect(counts).toEqual(mode === "server" ? {} : { seal: 1, random: 1 });
    });

    it("a value that is not of our form costs nothing", async () => {
      const { sessions, visitor } = openSite({}, mode);
      const browser = visitor();
      await browser.visit((session) => session.login("ann"));
      const [name] = (await browser.cookies()).split("=");
      counts = {};
      for (const value of ["", "x", "?".repeat(52), "A".repeat(51), "/".repeat(52)])
        await sessions.open(requestWith(`${name}=${value}`));
      expect(counts).toEqual({});
    });
  });
}
