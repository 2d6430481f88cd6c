/** Times for people: relative in the text, exact in the tooltip. Rendered here, so that they need no script. */
import { type Html, html } from "./html.ts";

/** Days from the second one on: "in 24 hours" says more than "tomorrow". */
const UNITS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number, from: number])[] = [
  ["day", 86_400, 172_800],
  ["hour", 3_600, 3_600],
  ["minute", 60, 60],
];

const relative = new Intl.RelativeTimeFormat("en");
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

/** "just now", "5 minutes ago", "in 7 days". */
function relativeTime(date: Date, now: number): string {
  const seconds = Math.round((date.getTime() - now) / 1_000);
  for (const [unit, size, from] of UNITS) {
    if (Math.abs(seconds) >= from) return relative.format(Math.round(seconds / size), unit);
  }
  return seconds > 0 ? "in less than a minute" : "just now";
}

export function time(date: Date, now: number): Html {
  return html`<time datetime="${date.toISOString()}" title="${exact.format(date)} UTC">${relativeTime(date, now)}</time>`;
}
