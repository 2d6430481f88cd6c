/**
 * HTML by tagged template: every value is escaped, unless it is HTML already.
 *
 * Two rules keep it safe: attributes are always quoted, and no value is ever placed in a script or a style.
 */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template; `false`, `null` and `undefined` are nothing, so that `condition && html` works. */
export type Part = Html | string | number | false | null | undefined | readonly Part[];

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * @example
 * ```ts
 * html`<p>${name}</p>${isAdmin && html`<a href="/admin">Admin</a>`}`;
 * ```
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, index) => text + render(parts[index])).join(""));
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(render).join("");
  return String(part).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
