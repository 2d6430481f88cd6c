/**
 * Devices as a person would name them: "Instagram on iOS", "Edge on Windows". Over the `bowser` package (an optional
 * peer: `npm i bowser`), with what browsers say of themselves in client hints first.
 *
 * @module
 */
import Bowser from "bowser";
import { type Device, describeDevice, type RequestSource } from "../index.ts";

type Marks = readonly (readonly [mark: RegExp, name: string])[];

/**
 * Applications with a browser inside, and browsers that bowser takes for Chrome. They all name an engine too, so they
 * are looked for first; the first match wins.
 */
const APPS: Marks = [
  [/FBAN\/Messenger|FB_IAB\/(?:MESSENGER|Orca)|\bMessengerForiOS/, "Messenger"],
  [/\bBarcelona \d/, "Threads"],
  [/\bInstagram \d/, "Instagram"],
  [/\bFBA[NV]\/|\bFB_IAB\//, "Facebook"],
  [/musical_ly|\btrill_|BytedanceWebview|\bTikTok\b/i, "TikTok"],
  [/\bWXWork\/|\bwxwork\//, "WeCom"],
  [/MicroMessenger\//, "WeChat"],
  [/\bLine\/\d/, "LINE"],
  [/\bKAKAOTALK\b/i, "KakaoTalk"],
  [/\bNAVER\(inapp/, "NAVER"],
  [/\bSnapchat\b/, "Snapchat"],
  [/\[?Pinterest\//, "Pinterest"],
  [/LinkedInApp/, "LinkedIn"],
  [/Twitter for (?:iPhone|iPad)|TwitterAndroid/, "X"],
  [/\bReddit\/|RedditIsFun/, "Reddit"],
  [/\bWhatsApp\/\d/, "WhatsApp"],
  [/Telegram-Android\/|TelegramBot \(like/, "Telegram"],
  [/\bZaloTheme|\bZalo (?:iOS|android)/i, "Zalo"],
  [/AlipayClient\//, "Alipay"],
  [/\bGSA\//, "Google app"],
  [/\bDdg\/|DuckDuckGo\/\d/, "DuckDuckGo"],
  [/\bEcosia (?:ios|android)@/, "Ecosia"],
  [/\bYaApp_|YaSearchBrowser\//, "Yandex app"],
  [/\bMiuiBrowser\//, "Mi Browser"],
  [/\bHuaweiBrowser\//, "Huawei Browser"],
  [/\bHeadlessChrome\//, "Headless Chrome"],
];

/** What bowser and client hints call otherwise than people do, or than `describeDevice` does. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["Android Browser", "Android browser"],
  ["Android WebView", "WebView"],
  ["Chrome OS", "ChromeOS"],
  ["Chromium OS", "ChromeOS"],
  ["Google Chrome", "Chrome"],
  ["Microsoft Edge", "Edge"],
  ["Microsoft Edge WebView2", "WebView"],
  ["NAVER Whale Browser", "Whale"],
  ["Opera GX", "Opera"],
  ["Opera Touch", "Opera"],
  ["Samsung Internet for Android", "Samsung Internet"],
  ["YaBrowser", "Yandex Browser"],
]);

/** What is in every user agent and tells no application from another. */
const COMMON =
  /^(?:Mozilla|AppleWebKit|Version|Chrome|Chromium|CriOS|Mobile|Safari|Gecko|Electron|Build|Firefox|Focus|JsSdk|NetType|Language)$/;

const SYSTEMS: Marks = [
  [/\biPad\b/, "iPadOS"],
  [/\biPhone\b|\biPod\b/, "iOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/HarmonyOS|OpenHarmony/, "HarmonyOS"],
  [/\bPlayStation\b/, "PlayStation"],
  [/\bXbox\b/, "Xbox"],
  [/\bNintendo\b/, "Nintendo"],
];

/** Longer ones are cut: nobody's browser sends one, and patterns are run over it. */
const LONGEST = 1_024;

/**
 * For the option `device`: what `describeDevice` gives, with the names that people use. In-app browsers are called by
 * their application (Instagram, Facebook, TikTok, WeChat, LINE…), and web views that name none "WebView". What a
 * Chromium says in `Sec-CH-UA` and `Sec-CH-UA-Platform`, which it sends over https without being asked, goes before the
 * user agent, so that browsers that pass for Chrome (Brave, for one) have their own name. The network is that of
 * `describeDevice`.
 *
 * Safari on an iPad says that it is a Mac, and is taken at its word. It never throws, whatever the headers hold; like
 * all that is said of a device, it is a hint for people, and nothing may be decided by it. It takes some 30 µs, at
 * logins only.
 *
 * @example
 * ```ts
 * import { bowserDevice } from "sojourn/devices";
 *
 * const sessions = createSessions({ store, device: bowserDevice });
 * ```
 */
export function bowserDevice(source: RequestSource): Device | undefined {
  const agent = (source.header("user-agent") ?? "").slice(0, LONGEST);
  const plain = describeDevice(source);
  // A script or an application without a browser names itself by its first word, and Android's Dalvik names none.
  const browsing = agent.startsWith("Mozilla/");
  const parsed = agent === "" ? undefined : Bowser.parse(agent);
  const device: Device = {
    browser:
      named(APPS, agent) ??
      robot(agent) ??
      embedding(agent) ??
      brand(source.header("sec-ch-ua")) ??
      (browsing ? known(parsed?.browser.name) : agent.startsWith("Dalvik/") ? undefined : plain?.browser),
    system:
      platform(source.header("sec-ch-ua-platform")) ?? named(SYSTEMS, agent) ?? known(parsed?.os.name) ?? plain?.system,
    network: plain?.network,
  };
  return device.browser || device.system || device.network ? device : undefined;
}

const named = (marks: Marks, agent: string): string | undefined => marks.find(([mark]) => mark.test(agent))?.[1];

const known = (name: string | undefined): string | undefined => (name ? (NAMES.get(name) ?? name) : undefined);

/** "AhrefsBot/7.0": robots sign with their own name. The slash tells them from telephones (CUBOT). */
function robot(agent: string): string | undefined {
  return /\b([A-Za-z][\w-]{0,30}(?:[Bb]ot|[Cc]rawler|[Ss]pider))\/\d/.exec(agent)?.[1];
}

/** The application around a web view or in Electron, by the product that only it names. */
function embedding(agent: string): string | undefined {
  const electron = agent.includes("Electron/");
  const view = /; ?wv\)/.test(agent) || (/\((?:iPhone|iPad|iPod)/.test(agent) && !/ Safari\//.test(agent));
  if (!electron && !view) return undefined;
  const products = [...agent.replace(/\([^)]*\)/g, " ").matchAll(/(?:^|\s)([A-Za-z][\w.-]{0,30})\/\d/g)];
  const own = products.map(([, name = ""]) => name).find((name) => !COMMON.test(name) && !/iOS$/.test(name));
  if (own) return own;
  if (electron) return "Electron";
  // Firefox, Edge and others on iOS are web views that say who they are.
  return /\b(?:FxiOS|EdgiOS|OPT|OPiOS|CriOS)\//.test(agent) ? undefined : "WebView";
}

/**
 * Of a list like `"Chromium";v="140", "Brave";v="140", "Not=A?Brand";v="24"`: what is neither made up nor the engine.
 */
function brand(header: string | undefined): string | undefined {
  const brands = [...(header ?? "").slice(0, LONGEST).matchAll(/"([A-Za-z][\w. ]{0,40})"\s*;\s*v=/g)];
  return known(
    brands.map(([, name]) => name).find((name) => name && name !== "Chromium" && !/^Not.?A.?Brand/i.test(name)),
  );
}

/** `"Windows"`, in quotes as a structured field (RFC 9651, 3.3.3) has them. */
function platform(header: string | undefined): string | undefined {
  const name = /^\s*"([A-Za-z][\w ]{0,20})"\s*$/.exec((header ?? "").slice(0, LONGEST))?.[1];
  return name === "Unknown" ? undefined : known(name);
}
