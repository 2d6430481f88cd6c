import { type Html, html } from "./html.ts";

/** What went wrong, for people: nothing of the cause. */
const TEXTS: Record<number, readonly [title: string, text: string]> = {
  401: ["Please sign in again", "Your session ended while the page was on its way."],
  403: ["That was refused", "The form was too old, or another site sent it. Open the page again and try once more."],
  404: ["Nothing here", "There is no such page, or it is not yours."],
  405: ["Not in this way", "The address is right, but it is asked in another way: by the button on the page."],
  503: ["One moment", "The sessions cannot be reached just now. You are still signed in: try again in a second."],
};

export function errorTitle(status: number): string {
  return TEXTS[status]?.[0] ?? "That did not work";
}

export function errorPage(status: number): Html {
  const text = TEXTS[status]?.[1] ?? "Something went wrong on our side.";
  return html`<section class="card narrow"><h1>${errorTitle(status)}</h1><p>${text}</p><p><a href="/">Back to the counter</a></p></section>`;
}
