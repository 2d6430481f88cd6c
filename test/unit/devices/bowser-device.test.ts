import { expect, test } from "vitest";
import { bowserDevice } from "../../../src/adapters/devices.ts";
import { SEEN, type Seen } from "./agents.ts";

const source = (headers: Readonly<Record<string, string | undefined>>, address?: string) =>
  ({ header: (name: string) => headers[name], address }) as never;

function said({ agent, hints }: Seen): string {
  const device = bowserDevice(source({ "user-agent": agent, ...hints }));
  const browser = device?.browser ?? "an application";
  return device?.system ? `${browser} on ${device.system}` : browser;
}

test.each(SEEN)("$is: $agent", (seen) => {
  expect(said(seen)).toBe(seen.is);
});

test("client hints go before the user agent, and what is made up in them is passed over", () => {
  const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
  const with_ = (brands: string, platform: string) =>
    bowserDevice(source({ "user-agent": agent, "sec-ch-ua": brands, "sec-ch-ua-platform": platform }));
  expect(with_('"Not A Brand";v="99", "Chromium";v="140"', '"Unknown"')).toEqual({
    browser: "Chrome",
    system: "Linux",
  });
  expect(with_('"Vivaldi";v="7", "Chromium";v="140"', '"Windows"')).toEqual({ browser: "Vivaldi", system: "Windows" });
});

test("the network is that of describeDevice, and without any header there is no device", () => {
  expect(bowserDevice(source({ "user-agent": "curl/8" }, "203.0.113.9"))?.network).toBe("203.0.113.0/24");
  expect(bowserDevice(source({}))).toBeUndefined();
});

test("nothing that a header can hold throws, and what is kept of it is short", () => {
  const hostile = [
    "",
    " ",
    "/",
    "(".repeat(20_000),
    "a".repeat(20_000),
    "Mozilla/5.0",
    "\u0000\u{1f600}",
    '"";v="',
    "__proto__/1",
    "constructor",
  ];
  for (const agent of hostile)
    for (const brands of hostile) {
      const device = bowserDevice(source({ "user-agent": agent, "sec-ch-ua": brands, "sec-ch-ua-platform": brands }));
      expect(`${device?.browser ?? ""}${device?.system ?? ""}`.length).toBeLessThan(100);
    }
});
