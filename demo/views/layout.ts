/** What every page has around it. */
import type { Flash } from "sojourn";
import type { User } from "../users.ts";
import { type Html, html, type Part } from "./html.ts";

/** Who looks at the page. */
export interface Visitor {
  readonly user: User | undefined;
  readonly flashes: readonly Flash[];
  /** For the forms of the page; empty when it has none. */
  readonly csrfToken: string;
  /** Whether the page can be told that its session has ended. */
  readonly live: boolean;
}

export interface Page {
  readonly title: string;
  /** The path of the navigation's entry for it. */
  readonly path?: string | undefined;
  readonly content: Html;
}

export function layout(visitor: Visitor, page: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${page.title} · Sojourn</title>
  <link rel="icon" href="/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/style.css">
  ${visitor.live && html`<script src="/live.js" defer></script>`}
</head>
<body>
  <a class="skip" href="#main">Skip to the content</a>
  <header class="bar">
    <a class="brand" href="/">${mark}Sojourn</a>
    <nav aria-label="Pages">${link(page, "/", "Counter")}${link(page, "/devices", "Devices")}</nav>
    ${visitor.user ? signedIn(visitor, visitor.user) : html`<a class="button quiet" href="/login">Sign in</a>`}
  </header>
  <div class="ended" id="ended" role="alert" hidden></div>
  <main id="main">
    ${visitor.flashes.map(({ kind, text }) => html`<p class="flash ${kind}" role="status">${text}</p>`)}
    ${page.content}
  </main>
  <footer>The demo of <strong>Sojourn</strong>: sessions that stay correct when requests race, stores fail and cookies leak.</footer>
</body>
</html>
`.text;
}

/** The hidden field that every form of the application has. */
export function csrfField({ csrfToken }: Visitor): Html {
  return html`<input type="hidden" name="csrf" value="${csrfToken}">`;
}

/** A form that is nothing but its button. */
export function buttonForm(visitor: Visitor, action: string, label: Part, look = "quiet"): Html {
  return html`<form method="post" action="${action}">${csrfField(visitor)}<button class="button ${look}">${label}</button></form>`;
}

function signedIn(visitor: Visitor, user: User): Html {
  return html`<div class="who"><span class="name">${user.name}</span>${buttonForm(visitor, "/logout", "Sign out")}</div>`;
}

function link({ path }: Page, href: string, label: string): Html {
  return html`<a href="${href}"${path === href && html` aria-current="page"`}>${label}</a>`;
}

const mark = html`<svg viewBox="4 1 16 22" aria-hidden="true"><path d="M12 1a8 8 0 0 0-8 8v14h16V9a8 8 0 0 0-8-8Z" fill="currentColor"/><circle cx="15.6" cy="14" r="1.6" class="knob"/></svg>`;
