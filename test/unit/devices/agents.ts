/** User agents as they are on the wire, 2024 to 2026, and what a person would say of each. */

export interface Seen {
  readonly agent: string;
  /** Client hints, of browsers that send them. */
  readonly hints?: Readonly<Record<string, string>>;
  readonly is: string;
}

const IOS = (tail: string, version = "17_5_1"): string =>
  `Mozilla/5.0 (iPhone; CPU iPhone OS ${version} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ${tail}`;
const IPAD = (tail: string): string =>
  `Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ${tail}`;
const ANDROID = (tail: string, phone = "Android 10; K"): string =>
  `Mozilla/5.0 (Linux; ${phone}) AppleWebKit/537.36 (KHTML, like Gecko) ${tail}`;
const VIEW = (tail: string, phone = "Android 14; SM-S918B Build/UP1A.231005.007; wv"): string =>
  ANDROID(`Version/4.0 Chrome/131.0.6778.104 Mobile Safari/537.36${tail}`, phone);
const BLINK = (system: string, tail: string): string =>
  `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) ${tail}`;
const WINDOWS = "Windows NT 10.0; Win64; x64";
const MAC = "Macintosh; Intel Mac OS X 10_15_7";
const LINUX = "X11; Linux x86_64";

const hints = (own: string, platform: string): Record<string, string> => ({
  "sec-ch-ua": `"Chromium";v="140", "Not=A?Brand";v="24", "${own}";v="140"`,
  "sec-ch-ua-platform": `"${platform}"`,
});

export const SEEN: readonly Seen[] = [
  // Desktop browsers.
  { agent: BLINK(WINDOWS, "Chrome/126.0.0.0 Safari/537.36"), is: "Chrome on Windows" },
  { agent: BLINK(MAC, "Chrome/131.0.0.0 Safari/537.36"), is: "Chrome on macOS" },
  { agent: BLINK(LINUX, "Chrome/140.0.0.0 Safari/537.36"), is: "Chrome on Linux" },
  { agent: BLINK("X11; CrOS x86_64 14541.0.0", "Chrome/126.0.0.0 Safari/537.36"), is: "Chrome on ChromeOS" },
  { agent: BLINK(WINDOWS, "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"), is: "Edge on Windows" },
  { agent: BLINK(MAC, "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.2849.56"), is: "Edge on macOS" },
  { agent: BLINK(WINDOWS, "Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0"), is: "Opera on Windows" },
  { agent: BLINK(MAC, "Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0"), is: "Opera on macOS" },
  { agent: BLINK(WINDOWS, "Chrome/124.0.0.0 Safari/537.36 Vivaldi/6.7.3329.35"), is: "Vivaldi on Windows" },
  { agent: BLINK(WINDOWS, "Chrome/124.0.0.0 YaBrowser/24.6.0.0 Safari/537.36"), is: "Yandex Browser on Windows" },
  { agent: BLINK(WINDOWS, "Chrome/124.0.0.0 Whale/3.26.244.21 Safari/537.36"), is: "Whale on Windows" },
  {
    agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    is: "Firefox on Windows",
  },
  {
    agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
    is: "Firefox on macOS",
  },
  { agent: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", is: "Firefox on Linux" },
  {
    agent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    is: "Safari on macOS",
  },
  {
    agent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    is: "Safari on macOS",
  },
  {
    agent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15 Ddg/17.5",
    is: "DuckDuckGo on macOS",
  },
  // What only client hints tell.
  { agent: BLINK(MAC, "Chrome/140.0.0.0 Safari/537.36"), hints: hints("Brave", "macOS"), is: "Brave on macOS" },
  {
    agent: BLINK(WINDOWS, "Chrome/140.0.0.0 Safari/537.36"),
    hints: hints("Google Chrome", "Windows"),
    is: "Chrome on Windows",
  },
  {
    agent: BLINK(WINDOWS, "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"),
    hints: hints("Microsoft Edge", "Windows"),
    is: "Edge on Windows",
  },
  {
    agent: BLINK(WINDOWS, "Chrome/140.0.0.0 Safari/537.36 OPR/122.0.0.0"),
    hints: hints("Opera GX", "Windows"),
    is: "Opera on Windows",
  },
  {
    agent: BLINK(LINUX, "Chrome/140.0.0.0 Safari/537.36"),
    hints: hints("Google Chrome", "Chrome OS"),
    is: "Chrome on ChromeOS",
  },
  {
    agent: ANDROID("Chrome/140.0.0.0 Mobile Safari/537.36"),
    hints: hints("Google Chrome", "Android"),
    is: "Chrome on Android",
  },
  {
    agent: ANDROID("Chrome/140.0.0.0 Mobile Safari/537.36"),
    hints: hints("DuckDuckGo", "Android"),
    is: "DuckDuckGo on Android",
  },
  // Browsers on telephones and tablets.
  { agent: IOS("Version/17.5 Mobile/15E148 Safari/604.1"), is: "Safari on iOS" },
  { agent: IOS("Version/26.0 Mobile/15E148 Safari/604.1", "18_6"), is: "Safari on iOS" },
  { agent: IPAD("Version/18.1 Mobile/15E148 Safari/604.1"), is: "Safari on iPadOS" },
  { agent: IOS("CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1"), is: "Chrome on iOS" },
  { agent: IPAD("CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1"), is: "Chrome on iPadOS" },
  { agent: IOS("FxiOS/127.0 Mobile/15E148 Safari/605.1.15"), is: "Firefox on iOS" },
  { agent: IOS("Version/17.0 EdgiOS/126.0.2592.56 Mobile/15E148 Safari/604.1"), is: "Edge on iOS" },
  { agent: IOS("Version/17.5 Mobile/15E148 Safari/604.1 OPT/4.8.0"), is: "Opera on iOS" },
  { agent: IOS("Version/17.4 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15"), is: "DuckDuckGo on iOS" },
  { agent: ANDROID("Chrome/126.0.0.0 Mobile Safari/537.36"), is: "Chrome on Android" },
  { agent: ANDROID("Chrome/131.0.0.0 Safari/537.36"), is: "Chrome on Android" },
  { agent: ANDROID("Chrome/124.0.0.0 Mobile Safari/537.36 EdgA/124.0.2478.64"), is: "Edge on Android" },
  { agent: ANDROID("SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36"), is: "Samsung Internet on Android" },
  {
    agent: ANDROID("SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36", "Android 10; K"),
    is: "Samsung Internet on Android",
  },
  { agent: ANDROID("Chrome/124.0.0.0 Mobile Safari/537.36 OPR/82.0.0.0"), is: "Opera on Android" },
  { agent: "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", is: "Firefox on Android" },
  {
    agent: ANDROID(
      "Version/4.0 Chrome/100.0.4896.127 Mobile Safari/537.36 UCBrowser/13.4.0.1306",
      "U; Android 13; en-US; CPH2387 Build/TP1A.220905.001",
    ),
    is: "UC Browser on Android",
  },
  {
    agent: ANDROID(
      "Version/4.0 Chrome/123.0.6312.118 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.15.0-gn",
      "U; Android 14; en-us; 23127PN0CG Build/UKQ1.230804.001",
    ),
    is: "Mi Browser on Android",
  },
  {
    agent: ANDROID(
      "Chrome/114.0.5735.196 HuaweiBrowser/15.0.4.312 Mobile Safari/537.36",
      "Android 12; NOH-NX9; HMSCore 6.13.0.302",
    ),
    is: "Huawei Browser on Android",
  },
  {
    agent: ANDROID("Silk/126.3.1 like Chrome/126.0.6478.122 Safari/537.36", "Android 9; KFTRWI"),
    is: "Amazon Silk on Android",
  },
  {
    agent:
      "Mozilla/5.0 (Linux; Android 11; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    is: "Chrome on Android",
  },
  // In-app browsers.
  {
    agent: IOS(
      "Mobile/15E148 Instagram 334.0.4.32.98 (iPhone14,5; iOS 17_5_1; en_US; en; scale=3.00; 1170x2532; 609775437)",
    ),
    is: "Instagram on iOS",
  },
  {
    agent: VIEW(
      " Instagram 337.0.0.35.102 Android (34/14; 450dpi; 1080x2115; samsung; SM-S918B; dm3q; qcom; en_GB; 613395172)",
    ),
    is: "Instagram on Android",
  },
  {
    agent: IOS(
      "Mobile/21F79 [FBAN/FBIOS;FBAV/468.0.0.36.107;FBBV/604422893;FBDV/iPhone15,3;FBMD/iPhone;FBSN/iOS;FBSV/17.5;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5]",
    ),
    is: "Facebook on iOS",
  },
  { agent: VIEW(" [FB_IAB/FB4A;FBAV/470.0.0.46.112;]"), is: "Facebook on Android" },
  { agent: VIEW(" [FB_IAB/Orca-Android;FBAV/462.0.0.52.85;]"), is: "Messenger on Android" },
  {
    agent: IOS(
      "Mobile/21E236 [FBAN/MessengerLiteForiOS;FBAV/455.0.0.38.109;FBBV/588461237;FBDV/iPhone14,7;FBMD/iPhone;FBSN/iOS;FBSV/17.4.1]",
    ),
    is: "Messenger on iOS",
  },
  {
    agent: IOS(
      "Mobile/15E148 Barcelona 335.0.0.21.95 (iPhone15,4; iOS 17_5_1; en_US; en; scale=3.00; 1179x2556; 609886540)",
    ),
    is: "Threads on iOS",
  },
  {
    agent: VIEW(
      " trill_350402 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/35.4.2 ByteLocale/en",
    ),
    is: "TikTok on Android",
  },
  {
    agent: IOS(
      "Mobile/15E148 musical_ly_35.3.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/en Region/US BytedanceWebview/d8a21c6",
    ),
    is: "TikTok on iOS",
  },
  { agent: IOS("Mobile/15E148 MicroMessenger/8.0.49(0x18003130) NetType/WIFI Language/zh_CN"), is: "WeChat on iOS" },
  {
    agent: VIEW(
      " XWEB/1260059 MMWEBSDK/20240404 MMWEBID/8432 MicroMessenger/8.0.49.2600(0x2800313D) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64",
    ),
    is: "WeChat on Android",
  },
  { agent: IOS("Mobile/15E148 Safari Line/14.9.0"), is: "LINE on iOS" },
  { agent: VIEW(" Line/14.8.0/IAB"), is: "LINE on Android" },
  { agent: VIEW(" KAKAOTALK/10.8.3 (INAPP)"), is: "KakaoTalk on Android" },
  { agent: IOS("Mobile/15E148 Snapchat/12.90.0.48 (like Safari/8618.2.12.10.9, panda)"), is: "Snapchat on iOS" },
  { agent: IOS("Mobile/15E148 [Pinterest/iOS]"), is: "Pinterest on iOS" },
  { agent: IOS("Mobile/15E148 [LinkedInApp]/9.29.8962"), is: "LinkedIn on iOS" },
  { agent: VIEW(" [LinkedInApp]/4.1.945"), is: "LinkedIn on Android" },
  { agent: IOS("Mobile/15E148 Twitter for iPhone/10.44"), is: "X on iOS" },
  { agent: VIEW(" TwitterAndroid"), is: "X on Android" },
  { agent: IOS("GSA/322.0.643230553 Mobile/15E148 Safari/604.1"), is: "Google app on iOS" },
  { agent: VIEW(" GSA/15.24.32.28.arm64"), is: "Google app on Android" },
  // Web views and desktop applications.
  { agent: VIEW("", "Android 14; Pixel 8 Build/AP2A.240605.024; wv"), is: "WebView on Android" },
  { agent: VIEW(" AcmeBank/5.12.0"), is: "AcmeBank on Android" },
  { agent: IOS("Mobile/15E148"), is: "WebView on iOS" },
  { agent: IOS("Mobile/15E148 AcmeBank/5.12.0"), is: "AcmeBank on iOS" },
  { agent: BLINK(MAC, "Slack/4.38.125 Chrome/124.0.6367.243 Electron/30.1.0 Safari/537.36"), is: "Slack on macOS" },
  {
    agent: BLINK(WINDOWS, "discord/1.0.9156 Chrome/124.0.6367.243 Electron/30.2.0 Safari/537.36"),
    is: "discord on Windows",
  },
  { agent: BLINK(LINUX, "Chrome/128.0.6613.186 Electron/32.2.7 Safari/537.36"), is: "Electron on Linux" },
  // Television sets, consoles.
  {
    agent:
      "Mozilla/5.0 (PlayStation; PlayStation 5/9.20) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
    is: "Safari on PlayStation",
  },
  {
    agent: BLINK("Windows NT 10.0; Win64; x64; Xbox; Xbox One", "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"),
    is: "Edge on Xbox",
  },
  {
    agent:
      "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/5.0 Chrome/94.0.4606.31 TV Safari/537.36",
    is: "Samsung Internet on Tizen",
  },
  // Scripts and robots.
  { agent: "curl/8.7.1", is: "curl" },
  { agent: "Wget/1.21.4", is: "Wget" },
  { agent: "python-requests/2.32.3", is: "python-requests" },
  { agent: "PostmanRuntime/7.39.0", is: "PostmanRuntime" },
  { agent: "okhttp/4.12.0", is: "okhttp" },
  { agent: "Go-http-client/2.0", is: "Go-http-client" },
  { agent: "node", is: "node" },
  { agent: "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP2A.240605.024)", is: "an application on Android" },
  { agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", is: "Googlebot" },
  {
    agent: ANDROID(
      "Chrome/126.0.6478.126 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
      "Android 6.0.1; Nexus 5X Build/MMB29P",
    ),
    is: "Googlebot on Android",
  },
  { agent: "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", is: "bingbot" },
  { agent: "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", is: "AhrefsBot" },
  { agent: "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", is: "facebookexternalhit" },
  { agent: BLINK(LINUX, "HeadlessChrome/126.0.6478.126 Safari/537.36"), is: "Headless Chrome on Linux" },
];
