/**
 * What the clients asked and were told, in the form that `npx sojourn check-history` judges. A session is known by its count;
 * each login begins another key, for it may carry over what a revocation has ended.
 */
import type { HistoryCall, HistoryEvent, HistoryValue } from "../../src/testing/history/event.ts";

export type Outcome = { readonly ok: HistoryValue | null | undefined } | "unknown";

export class Chronicle {
  readonly events: HistoryEvent[] = [];
  #calls = 0;

  /** A call that was made then, and has come to this now. */
  write(client: string, startedAt: number, call: HistoryCall, outcome: Outcome): void {
    this.#calls += 1;
    const id = `${client}:${this.#calls}`;
    this.events.push({ type: "invoke", id, client, time: startedAt, ...call });
    const time = performance.now();
    if (outcome === "unknown") this.events.push({ type: "unknown", id, client, time });
    else if (outcome.ok === undefined) this.events.push({ type: "ok", id, client, time });
    else this.events.push({ type: "ok", id, client, time, value: outcome.ok });
  }
}
