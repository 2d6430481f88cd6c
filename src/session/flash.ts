/**
 * The flash messages of one request: those that it found, took and added. They are kept within a bound, for they pile
 * up where nobody looks at them (a script that fails to log in, again and again): the oldest go first.
 */
import { SessionError } from "../errors.ts";
import type { Flash } from "../record/meta.ts";
import { bytesOf } from "../record/size.ts";
import type { Bearer } from "../token/token.ts";

/** A page that shows more is of no use. */
const MOST_MESSAGES = 50;
/** In octets of kinds and texts, as JSON spells them. */
const MOST_BYTES = 8_192;
/** Where all of it is in the cookie, and the data as well. */
const MOST_BYTES_IN_COOKIE = 2_048;
const QUOTES = 4;

export class FlashMessages {
  #added: Flash[] = [];
  #taken = false;
  /** The messages that the application took: those of another request, come since, were not shown. */
  #shown: readonly Flash[] = [];
  readonly #mostBytes: number;

  constructor(carries: Bearer["carries"]) {
    this.#mostBytes = carries === "everything" ? MOST_BYTES_IN_COOKIE : MOST_BYTES;
  }

  /** Whether the record has to change. */
  get changed(): boolean {
    return this.#added.length > 0 || this.#shown.length > 0;
  }

  get added(): readonly Flash[] {
    return this.#added;
  }

  /** @throws SOJOURN_TOO_LARGE for a message that would leave no room for any other, and not fit itself. */
  add(message: Flash): void {
    const bytes = sizeOf(message);
    if (bytes > this.#mostBytes) throw tooLarge(bytes, this.#mostBytes);
    this.#added.push(message);
    this.#added = this.#latest(this.#added);
  }

  /** The messages that were found, once. */
  take(found: readonly Flash[] | undefined): readonly Flash[] {
    if (this.#taken) return [];
    this.#taken = true;
    this.#shown = found ?? [];
    return [...this.#shown];
  }

  /** What stays for the next page, of those that are stored now: without those taken, and with those added. */
  next(current: readonly Flash[]): readonly Flash[] {
    if (this.#shown.length === 0 && this.#added.length === 0) return current;
    return this.#latest([...without(this.#shown, current), ...this.#added]);
  }

  /** The messages are stored. */
  saved(): void {
    this.#added = [];
    this.#shown = [];
  }

  /** Nothing of it is kept: what was taken is left for the next page. */
  discard(): void {
    this.#added = [];
    this.#shown = [];
    this.#taken = false;
  }

  /** As many as are kept, the latest of them. */
  #latest(messages: Flash[]): Flash[] {
    let from = messages.length;
    let bytes = 0;
    while (from > 0 && messages.length - from < MOST_MESSAGES) {
      bytes += sizeOf(messages[from - 1] as Flash);
      if (bytes > this.#mostBytes) break;
      from--;
    }
    return from === 0 ? messages : messages.slice(from);
  }
}

/** A text full of quotes or control characters is kept several times as long. */
function sizeOf({ kind, text }: Flash): number {
  return bytesOf(JSON.stringify(kind)) + bytesOf(JSON.stringify(text)) - QUOTES;
}

function tooLarge(bytes: number, most: number): SessionError {
  return new SessionError(
    "SOJOURN_TOO_LARGE",
    `A flash message of ${bytes} bytes: all of a session's messages may take ${most}. Flash a short text, and keep ` +
      "the rest elsewhere.",
  );
}

/** Those of another request, come since, were not shown. */
export function without(taken: readonly Flash[], current: readonly Flash[]): readonly Flash[] {
  const texts = taken.map((flash) => JSON.stringify(flash));
  return current.filter((flash) => {
    const at = texts.indexOf(JSON.stringify(flash));
    if (at !== -1) texts.splice(at, 1);
    return at === -1;
  });
}
