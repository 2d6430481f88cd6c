/** The counter: one visit, what is in it and how long it lasts. */
import type { Policy, Session } from "sojourn";
import type { Visit } from "../sessions.ts";
import { type Html, html, type Part } from "./html.ts";
import { csrfField, type Visitor } from "./layout.ts";
import { time } from "./time.ts";

export interface Home {
  readonly visitor: Visitor;
  readonly session: Session<Visit>;
  readonly count: number;
  readonly policy: Policy;
  readonly now: number;
}

export const NOTE_LENGTH = 120;

const MODES: Record<Policy["mode"], readonly [name: string, meaning: string]> = {
  server: ["Server-side", "The cookie holds an opaque token. The data is in the store."],
  tracked: [
    "Sealed, tracked",
    "The data is in the cookie, encrypted. The store keeps a small record, so that it can be revoked.",
  ],
  stateless: [
    "Sealed, stateless",
    "All of it is in the cookie, encrypted. There is no store, so nothing can be revoked.",
  ],
};

export function homePage({ visitor, session, count, policy, now }: Home): Html {
  const [mode, meaning] = MODES[policy.mode];
  return html`
<h1>${visitor.user ? `Welcome, ${visitor.user.name}` : "Welcome"}</h1>
<section class="ticket" aria-label="Your session">
  <div class="stub">
    <p class="count"><span>Count: </span><strong>${count}</strong></p>
    <p class="hint">${count === 1 ? "Your first visit." : "Visits in this session."} <a href="/">Count again</a></p>
  </div>
  <div class="facts">
    <p class="id">${session.isNew ? "Session created: " : "Session: "}<code>${session.id}</code></p>
    <dl>
      ${fact("Began", time(session.createdAt, now))}
      ${fact("Last seen", time(session.lastSeenAt, now))}
      ${fact("Ends if unused", time(session.expiresAt, now))}
      ${session.authenticatedAt && fact("Signed in", time(session.authenticatedAt, now))}
      ${fact("Mode", mode)}
      ${fact("Store", policy.mode === "stateless" ? "none" : policy.store)}
    </dl>
    <p class="hint">${meaning}</p>
  </div>
</section>
<section class="card">
  <h2>A note to yourself</h2>
  <p class="hint">It lives in the session: nobody else sees it, and it ends when the session does.</p>
  <form class="row" method="post" action="/note">
    ${csrfField(visitor)}
    <label class="grow"><span class="visually-hidden">Note</span>
      <input name="note" maxlength="${NOTE_LENGTH}" value="${session.data.note}" placeholder="Buy oranges" autocomplete="off"></label>
    <button class="button">Keep it</button>
  </form>
</section>`;
}

function fact(name: string, value: Part): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}
