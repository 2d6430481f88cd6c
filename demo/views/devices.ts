/** "Where you are signed in": the sessions of one user, each with its device. */
import type { Device, Policy, SessionInfo } from "sojourn";
import { type Html, html } from "./html.ts";
import { buttonForm, type Visitor } from "./layout.ts";
import { time } from "./time.ts";

export interface Devices {
  readonly visitor: Visitor;
  readonly sessions: readonly SessionInfo[];
  /** The id of the session that looks at the page. */
  readonly current: string;
  readonly now: number;
}

export function devicesPage({ visitor, sessions, current, now }: Devices): Html {
  const others = sessions.filter(({ id }) => id !== current).reverse();
  const own = sessions.filter(({ id }) => id === current);
  return html`
<h1>Your devices</h1>
<p class="lead">Where you are signed in. Sign out what you do not know: it ends at once, and so do the pages that it has open.</p>
<ul class="devices">
  ${own.map((session) => item(session, now, html`<span class="badge">This device</span>`))}
  ${others.map((session) => item(session, now, buttonForm(visitor, `/devices/${session.id}/revoke`, "Sign out")))}
</ul>
${others.length > 0 ? buttonForm(visitor, "/devices/others", "Log out my other devices", "danger") : html`<p class="hint">You are signed in nowhere else.</p>`}`;
}

/** For the mode, and the stores, that keep no list. */
export function noDevicesPage(mode: Policy["mode"]): Html {
  return mode === "stateless" ? statelessPage() : noIndexPage();
}

function noIndexPage(): Html {
  return html`
<h1>Your devices</h1>
<section class="card">
  <h2>There is no list with this store</h2>
  <p>It finds a session by its id and keeps no list of a user's. Signing out ends this one, and no other can be seen.</p>
</section>`;
}

function statelessPage(): Html {
  return html`
<h1>Your devices</h1>
<section class="card">
  <h2>There is no list in this mode</h2>
  <p>The demo runs with <code>SOJOURN_MODE=stateless</code>: all of a session is in its cookie, so the server does not
  know which there are, and cannot end one before it expires. Signing out takes the cookie away from this browser only.</p>
  <p>Start it with <code>SOJOURN_MODE=tracked</code> to have the data in the cookie <em>and</em> a list.</p>
</section>`;
}

function item({ device, createdAt, lastSeenAt }: SessionInfo, now: number, action: Html): Html {
  return html`
<li>
  ${icon(device)}
  <div class="grow">
    <h2>${nameOf(device)}</h2>
    <dl class="inline">
      <div><dt>Network</dt><dd>${networkName(device?.network)}</dd></div>
      <div><dt>Signed in</dt><dd>${time(createdAt, now)}</dd></div>
      <div><dt>Last use</dt><dd>${time(lastSeenAt, now)}</dd></div>
    </dl>
  </div>
  ${action}
</li>`;
}

function nameOf(device: Device | undefined): string {
  const { browser, system } = device ?? {};
  return browser && system ? `${browser} on ${system}` : (browser ?? system ?? "Unknown device");
}

function networkName(network: string | undefined): string {
  const isLoopback = /^(127\.|0:0:0::|::\/)/.test(network ?? "");
  return isLoopback ? "this computer" : (network ?? "unknown");
}

function icon(device: Device | undefined): Html {
  const isPhone = /^(Android|iOS)$/.test(device?.system ?? "");
  const shape = isPhone
    ? html`<rect x="7" y="2.5" width="10" height="19" rx="2.2"/><path d="M11 18.5h2"/>`
    : html`<rect x="4" y="4.5" width="16" height="11" rx="1.6"/><path d="M2 19.5h20"/>`;
  return html`<svg class="icon" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">${shape}</svg>`;
}
