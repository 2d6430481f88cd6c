import { beforeEach, describe, expect, it } from "vitest";
import type { BinaryCodec } from "../../../src/codec/codec.ts";
import { jsonCodec } from "../../../src/codec/json.ts";
import type { Bearer, Claims } from "../../../src/token/token.ts";
import { createVerify, type Verified, type Verify } from "../../../src/token/verify.ts";

const ID = new Uint8Array(18);

/** Counts what it is asked; takes every value but those that begin with "foreign". */
let reads: string[];
let claims: Claims;
const bearer: Bearer = {
  carries: "data",
  kidOf: () => 1,
  read(value) {
    reads.push(value);
    return value.startsWith("foreign") ? "foreign" : claims;
  },
  issue: () => "",
};
let verify: Verify;

beforeEach(() => {
  reads = [];
  claims = { id: ID, generation: 0, outdated: false };
  verify = createVerify(bearer, jsonCodec);
});

const numbered = (index: number): string => `value-${String(index).padStart(40, "0")}`;

describe("createVerify()", () => {
  it("asks twice, and then remembers", () => {
    const answers = [1, 2, 3, 4].map(() => verify("value"));
    expect(reads).toHaveLength(2);
    expect(answers[3]).toEqual(answers[0]);
    expect((answers[0] as Verified).claims).toBe(claims);
    expect((answers[0] as Verified).identity.id).toBe(ID);
  });

  it("tells values apart by every character", () => {
    for (let times = 0; times < 3; times++) verify("a-value-of-some-length");
    reads = [];
    for (const other of ["b-value-of-some-length", "a-value-of-some-lengtH", "a-value-of-some-length ", ""])
      verify(other);
    expect(reads).toHaveLength(4);
  });

  it("never remembers what did not verify", () => {
    for (let times = 0; times < 5; times++) expect(verify("foreign")).toBe("foreign");
    expect(reads).toHaveLength(5);
  });

  it("is not filled by values that come once", () => {
    for (let times = 0; times < 3; times++) verify(numbered(0));
    for (let index = 1; index <= 10_000; index++) verify(numbered(index));
    reads = [];
    verify(numbered(0));
    expect(reads).toEqual([]);
  });

  it("keeps those that are asked for again, and forgets the others", () => {
    const use = (index: number): void => {
      for (let times = 0; times < 2; times++) verify(numbered(index));
    };
    use(0);
    for (let index = 1; index <= 5_000; index++) {
      use(index);
      if (index % 500 === 0) verify(numbered(0));
    }
    reads = [];
    verify(numbered(0));
    verify(numbered(5_000));
    expect(reads).toEqual([]);
    verify(numbered(1));
    expect(reads).toEqual([numbered(1)]);
  });

  it("counts characters too", () => {
    const long = (index: number): string => "x".repeat(10_000) + numbered(index);
    for (let index = 0; index < 300; index++) for (let times = 0; times < 2; times++) verify(long(index));
    reads = [];
    verify(long(0));
    verify(long(299));
    expect(reads).toEqual([long(0)]);
  });

  it("gives each request data of its own", () => {
    const binary = { ...jsonCodec, format: "binary" } as unknown as BinaryCodec;
    verify = createVerify(bearer, binary);
    claims = { ...claims, encoded: Uint8Array.of(1, 2, 3) };
    for (let times = 0; times < 5; times++) {
      const { encoded } = verify("value") as Verified;
      expect(encoded).toEqual(Uint8Array.of(1, 2, 3));
      if (times > 1) (encoded as Uint8Array).fill(9);
    }
  });

  it("decodes text, and refuses bytes that are none", () => {
    claims = { ...claims, encoded: new TextEncoder().encode("{}") };
    expect((verify("text") as Verified).encoded).toBe("{}");
    claims = { ...claims, encoded: Uint8Array.of(0xff) };
    expect(verify("bytes")).toBe("corrupt");
  });
});
