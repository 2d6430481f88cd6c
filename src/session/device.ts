/**
 * A short description of the device that logged in, good enough for "is this one mine?". A hint for
 * people: it is made from headers that the client chose, so nothing may be decided by it.
 */
import type { Device } from "../record/meta.ts";
import type { RequestSource } from "../transport/transport.ts";

/** First match wins: browsers name their ancestors too, so the most specific come first. */
const BROWSERS: readonly (readonly [mark: string, name: string])[] = [
  ["Edg", "Edge"],
  ["OPR/", "Opera"],
  ["SamsungBrowser/", "Samsung Internet"],
  ["Firefox/", "Firefox"],
  ["FxiOS/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["CriOS/", "Chrome"],
  ["Safari/", "Safari"],
];
const SYSTEMS: readonly (readonly [mark: string, name: string])[] = [
  ["Android", "Android"],
  ["iPhone", "iOS"],
  ["iPad", "iPadOS"],
  ["Windows", "Windows"],
  ["Mac OS X", "macOS"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
];

/**
 * The default of the option `device`: browser and system by name, the network of the address.
 *
 * @example
 * ```ts
 * import { describeDevice } from "sojourn";
 *
 * const sessions = createSessions({
 *   store,
 *   device: (source) => ({ ...describeDevice(source), network: undefined }), // keeps no address
 * });
 * ```
 */
export function describeDevice(source: RequestSource): Device | undefined {
  const agent = source.header("user-agent") ?? "";
  const find = (names: typeof BROWSERS): string | undefined => names.find(([mark]) => agent.includes(mark))?.[1];
  const device: Device = {
    browser: find(BROWSERS) ?? plainClient(agent),
    system: find(SYSTEMS),
    network: networkOf(source.address),
  };
  return device.browser || device.system || device.network ? device : undefined;
}

/** "curl/8.5.0" says enough by its first word. */
function plainClient(agent: string): string | undefined {
  return /^[A-Za-z][\w.-]{0,30}/.exec(agent)?.[0];
}

/**
 * IPv4 to its /24, IPv6 to its /48: enough to recognise home or office, too little to follow a person. An address comes
 * as servers and proxies write it: with a port, in brackets, with a zone, as the first of a list. Undefined for
 * anything else, which is never kept.
 */
function networkOf(address: string | undefined): string | undefined {
  const first = (address ?? "").split(",", 1)[0]?.replace(/["\s]/g, "") ?? "";
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(first)?.[1] ?? first;
  const v4 = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}(?::\d+)?$/.exec(bare);
  if (v4) return `${v4[1]}.0/24`;
  const groups = groupsOf(bare.replace(/%.*$/, "").toLowerCase());
  if (!groups) return undefined;
  // IPv4 in the clothes of IPv6 (RFC 4291, 2.5.5.2).
  if (groups.slice(0, 6).join() === "0,0,0,0,0,65535") {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.0/24`;
  }
  const network = groups.slice(0, 3).map((group) => group.toString(16));
  return `${network.join(":")}::/48`;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] | undefined {
  const dotted = /^(.*:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  const pair = (high: string | undefined, low: string | undefined): string =>
    (Number(high) * 256 + Number(low)).toString(16);
  const text = dotted ? `${dotted[1]}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}` : address;
  const [head = "", tail, more] = text.split("::");
  const listed = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const left = listed(head);
  const right = listed(tail ?? "");
  const missing = 8 - left.length - right.length;
  if (more !== undefined || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const all = [...left, ...Array<string>(missing).fill("0"), ...right];
  return all.every((group) => /^[\da-f]{1,4}$/.test(group))
    ? all.map((group) => Number.parseInt(group, 16))
    : undefined;
}
