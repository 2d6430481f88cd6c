/**
 * `session.flashes`: messages that were left for a page, each given once.
 */
import type { Flash, Meta } from "../record/meta.ts";
import { compareAndSet } from "../record/records.ts";
import { keyOf, type State } from "./state.ts";
import { inTurn } from "./verb-queue.ts";

const NONE: readonly Flash[] = Object.freeze([]);

export function takeFlashes(state: State): readonly Flash[] {
  // Nobody reads a page that is fetched in case somebody wants it.
  if (state.flashTaken || state.prefetch) return NONE;
  if (state.cookieless) return takeNow(state);
  if (state.committed) return NONE;
  state.flashTaken = true;
  state.flashShown = state.held?.content.meta.flash ?? NONE;
  return [...state.flashShown];
}

/**
 * Without a cookie there is no commit to come: they are taken out of the record at once. When that fails, they are shown
 * once more. A session that is all in its cookie keeps them for a page that can send one.
 */
function takeNow(state: State): readonly Flash[] {
  const shown = state.held?.content.meta.flash ?? NONE;
  if (shown.length === 0 || state.context.bearer.carries === "everything") return NONE;
  state.flashTaken = true;
  state.flashShown = shown;
  // The store's failure has an event of its own, and the page is on its way already.
  inTurn(state, () => takeOut(state, shown)).catch(() => undefined);
  return [...shown];
}

async function takeOut(state: State, shown: readonly Flash[]): Promise<void> {
  if (!state.held) return;
  const result = await compareAndSet(state.context, keyOf(state), state.held, (current) => {
    const { meta } = current.content;
    return {
      ...current,
      content: { ...current.content, meta: { ...meta, flash: without(shown, meta.flash ?? NONE) } },
    };
  });
  if (result.status !== "gone") state.held = result.held;
}

/** Those of another request, come since, were not shown. */
export function without(taken: readonly Flash[], current: readonly Flash[]): NonNullable<Meta["flash"]> {
  const texts = taken.map((flash) => JSON.stringify(flash));
  return current.filter((flash) => {
    const at = texts.indexOf(JSON.stringify(flash));
    if (at !== -1) texts.splice(at, 1);
    return at === -1;
  });
}
