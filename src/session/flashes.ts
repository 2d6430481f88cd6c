/**
 * `session.flashes`: messages that were left for a page, each given once.
 */
import { isPromise } from "../awaitable.ts";
import type { Flash } from "../record/meta.ts";
import { without } from "./flash.ts";
import type { Internals } from "./internals.ts";

const NONE: readonly Flash[] = Object.freeze([]);

export function takeFlashes(session: Internals): readonly Flash[] {
  const { proof, response, flash, held } = session;
  // Nobody reads a page that is fetched in case somebody wants it.
  if (proof.prefetch) return NONE;
  if (proof.readOnly) return takeNow(session);
  return response.committed ? NONE : flash.take(held?.content.meta.flash);
}

/**
 * Without a cookie there is no commit to come: they are taken out of the record at once. When that fails, they are
 * shown once more. A session that is all in its cookie keeps them for a page that can send one.
 */
function takeNow(session: Internals): readonly Flash[] {
  if (session.context.carries === "everything") return NONE;
  const shown = session.flash.take(session.held?.content.meta.flash);
  if (shown.length === 0) return NONE;
  // The store's failure has an event of its own, and the page is on its way already.
  session.queue.inTurn(() => takeOut(session, shown)).catch(() => undefined);
  return shown;
}

async function takeOut(session: Internals, shown: readonly Flash[]): Promise<void> {
  if (!session.held) return;
  const written = session.context.records.write(session.key, session.held, ({ times, content }) => {
    const { meta, encoded } = content;
    return { times, content: { encoded, meta: { ...meta, flash: without(shown, meta.flash ?? NONE) } } };
  });
  const result = isPromise(written) ? await written : written;
  if (result.status !== "gone") session.hold(result.held);
}
