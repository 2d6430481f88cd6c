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

/** IPv4 to its /24, IPv6 to its /48: enough to recognise home or office, too little to follow a person. */
function networkOf(address: string | undefined): string | undefined {
  const v4 = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/i.exec(address ?? "");
  if (v4) return `${v4[1]}.0/24`;
  if (!address?.includes(":")) return undefined;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head.split(":").filter(Boolean);
  const right = tail?.split(":").filter(Boolean) ?? [];
  const groups =
    tail === undefined ? left : [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right];
  return `${groups.slice(0, 3).join(":")}::/48`;
}
