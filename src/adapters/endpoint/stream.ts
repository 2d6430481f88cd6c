/**
 * The event stream of one session: what it is, and that it has ended. HTML Standard, section 9.2 (server-sent events).
 */
import type { SessionFacts } from "../../client/facts.ts";
import { type Duration, milliseconds } from "../../duration.ts";

const LEAST_MS = 1_000;
const MOST_MS = 3_600_000;

/** @param heartbeat How often a comment is sent. */
export function endStream(
  heartbeat: Duration = "25s",
): (signal: AbortSignal, facts: SessionFacts) => ReadableStream<Uint8Array> {
  const every = milliseconds("heartbeat", heartbeat, LEAST_MS, MOST_MS);
  return (signal, facts) => open(signal, facts, every);
}

function open(signal: AbortSignal, facts: SessionFacts, every: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop = (): void => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => controller.enqueue(encoder.encode(text));
      const end = (): void => {
        stop();
        send(`event: end\ndata: ${JSON.stringify({ reason: reasonOf(signal) })}\n\n`);
        controller.close();
      };
      const beat = setInterval(() => send(":\n\n"), every);
      // It keeps no process alive.
      (beat as { unref?: () => void }).unref?.();
      stop = () => {
        clearInterval(beat);
        signal.removeEventListener("abort", end);
      };
      send(`event: session\ndata: ${JSON.stringify(facts)}\n\n`);
      if (signal.aborted) end();
      else signal.addEventListener("abort", end);
    },
    cancel: () => stop(),
  });
}

/** Known where the end was asked for in this process. */
function reasonOf({ reason }: AbortSignal): string | null {
  const { endReason } = Object(reason) as { endReason?: string };
  return endReason ?? null;
}
