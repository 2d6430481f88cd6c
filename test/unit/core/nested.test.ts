/** Two applications' sessions of one request, as their handlers have it in hand. */
import { expect, test } from "vitest";
import { inHand, letGo, takeInHand } from "../../../src/request/nested.ts";
import { openSite, requestWith } from "../../support/visitor.ts";

test("each manager finds its own session of a request, until it lets go, whoever lets go first", async () => {
  for (const outerFirst of [true, false]) {
    const request = requestWith();
    const [outer, inner] = [openSite().sessions, openSite().sessions];
    const [ofOuter, ofInner] = [await outer.open(request), await inner.open(request)];
    takeInHand(outer, request, ofOuter);
    takeInHand(inner, request, ofInner);
    expect(inHand(outer, request)).toBe(ofOuter);
    expect(inHand(inner, request)).toBe(ofInner);
    letGo(outerFirst ? outer : inner, request);
    expect(inHand(outer, request)).toBe(outerFirst ? undefined : ofOuter);
    expect(inHand(inner, request)).toBe(outerFirst ? ofInner : undefined);
    letGo(outerFirst ? inner : outer, request);
    expect([inHand(outer, request), inHand(inner, request)]).toEqual([undefined, undefined]);
  }
});
