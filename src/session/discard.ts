/**
 * `session.discard`: what this request changed is given up, without the request having failed as a whole.
 */
import { decodeData } from "../record/payload.ts";
import { committed } from "./guards.ts";
import { replaceData, type State } from "./state.ts";

/** The data is again what the changes count from; the object that the application holds stays the same one. */
export function discard(state: State): void {
  if (state.committed) throw committed();
  state.flashAdded = [];
  state.flashTaken = false;
  state.flashShown = [];
  if (!state.held) state.keep = false;
  if (state.looked) replaceData(state, decodeData(state.context.codec, state.base) ?? {});
}
