/**
 * Codecs that know bytes: what the application changes in place is noticed, and touches nobody else's data.
 */
import { describe, expect, it } from "vitest";
import { cborCodec } from "../../../src/codec/cbor.ts";
import { devalueCodec } from "../../../src/codec/devalue.ts";
import { MODES, openSite } from "../../support/visitor.ts";

for (const codec of [cborCodec, devalueCodec]) {
  for (const mode of MODES) {
    it(`${codec.name} in mode ${mode}: bytes, maps and dates changed in place are saved`, async () => {
      const { visitor, sessions } = openSite({ codec }, mode);
      const browser = visitor();
      await browser.visit((session) => {
        session.data = { bytes: Uint8Array.of(1, 2, 3), map: new Map([["a", 1]]), when: new Date(0) };
      });
      const [first, second] = [await browser.open(), await browser.open()];
      first.data.bytes[0] = 9;
      expect([...second.data.bytes]).toEqual([1, 2, 3]);
      await sessions.commit(second);
      await browser.visit((session) => {
        session.data.bytes[1] = 8;
        session.data.map.set("b", 2);
        session.data.when.setTime(1);
      });
      const { value } = await browser.visit((session) => session.data);
      expect([...value.bytes]).toEqual([1, 8, 3]);
      expect([[...value.map], value.when.getTime()]).toEqual([
        [
          ["a", 1],
          ["b", 2],
        ],
        1,
      ]);
    });
  }
}

describe("a codec over an encrypted store", () => {
  it("keeps bytes as they are", async () => {
    const { visitor } = openSite({ codec: cborCodec, encryptAtRest: true });
    const browser = visitor();
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await browser.visit((session) => {
      session.data.bytes = bytes;
    });
    expect([...(await browser.visit((session) => session.data.bytes)).value]).toEqual([...bytes]);
  });
});
