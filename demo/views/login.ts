import { SEEDS } from "../users.ts";
import { type Html, html } from "./html.ts";
import { buttonForm, csrfField, type Visitor } from "./layout.ts";

export interface Login {
  readonly visitor: Visitor;
  /** What was typed, when a try has failed. */
  readonly name?: string | undefined;
  readonly error?: string | undefined;
}

/** Names are kept in memory by the limit on tries, so their length has one too. */
export const NAME_LENGTH = 64;

export function loginPage({ visitor, name, error }: Login): Html {
  return html`
<section class="card narrow">
  <h1>Sign in</h1>
  ${error && html`<p class="flash error" role="alert" id="error">${error}</p>`}
  <form class="stack" method="post" action="/login">
    ${csrfField(visitor)}
    <label>Name <input name="name" value="${name}" maxlength="${NAME_LENGTH}" autocomplete="username" autocapitalize="none" required></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required${error && html` aria-describedby="error"`}></label>
    <label class="check"><input name="remember" type="checkbox" checked> Stay signed in on this device</label>
    <button class="button">Sign in</button>
  </form>
  <div class="try">
    <p>It is a demo, so here is who can come in:</p>
    <ul>${SEEDS.map(({ id, password }) => html`<li><code>${id}</code> with <code>${password}</code></li>`)}</ul>
  </div>
</section>`;
}

/** `GET /logout`: a link or an image must not sign anybody out, so there is a button. */
export function logoutPage(visitor: Visitor): Html {
  const content = visitor.user
    ? html`<p>You are signed in as <strong>${visitor.user.name}</strong>.</p>${buttonForm(visitor, "/logout", "Sign out")}`
    : html`<p>You are not signed in.</p><p><a href="/login">Sign in</a></p>`;
  return html`<section class="card narrow"><h1>Sign out</h1>${content}</section>`;
}
