import { describe, expect, it } from "vitest";
import { describeDevice } from "../../../src/session/device.ts";

const networkOf = (address: string | undefined): string | undefined =>
  describeDevice({ header: () => undefined, address } as never)?.network;

describe("the network of a device", () => {
  it.each([
    ["203.0.113.77", "203.0.113.0/24"],
    ["203.0.113.77:51234", "203.0.113.0/24"],
    ["203.0.113.77, 10.0.0.1", "203.0.113.0/24"],
    [" 203.0.113.77 , 10.0.0.1", "203.0.113.0/24"],
    ["::ffff:203.0.113.77", "203.0.113.0/24"],
    ["::FFFF:203.0.113.77", "203.0.113.0/24"],
    ["[::ffff:203.0.113.77]:443", "203.0.113.0/24"],
    ["::ffff:cb00:714d", "203.0.113.0/24"],
    ["0:0:0:0:0:ffff:cb00:714d", "203.0.113.0/24"],
    ["::1", "0:0:0::/48"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    ["2001:DB8::1", "2001:db8:0::/48"],
    ["2001:db8:1::", "2001:db8:1::/48"],
    ["[2001:db8:1:2::3]:51234", "2001:db8:1::/48"],
    ["[2001:db8:1:2::3]", "2001:db8:1::/48"],
    ['"[2001:db8:1:2::3]:4711", 10.0.0.1', "2001:db8:1::/48"],
    ["fe80::1:2:3%eth0", "fe80:0:0::/48"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it.each([
    undefined,
    "",
    "unknown",
    "_hidden",
    "unix:",
    "1.2.3",
    "1:2:3",
    "2001:db8::1::2",
    "g::1",
    "1:2:3:4:5:6:7:8:9",
    "[::1",
  ])("of %j is not known, and nothing of it is kept", (address) => {
    expect(networkOf(address)).toBeUndefined();
  });
});
