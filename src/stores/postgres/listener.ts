/**
 * A connection that listens on a channel, and another whenever it is lost. One of pg is asked whether it is alive;
 * other clients see to that themselves.
 */
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../parts/timers.ts";
import type { ListenClient, NotifyingClient, SubscribingClient } from "./client.ts";

/** Milliseconds from one question on an idle connection to the next; one that did not answer the last is given up. */
const BEAT = 15_000;
/** Milliseconds before the first new attempt, doubled with every other up to the last. */
const FIRST_PAUSE = 250;
const LAST_PAUSE = 10_000;

/** Ends what listens; never fails. */
type Stop = () => void;

/** Hears what is told on a channel. */
type OnPayload = (payload: string) => void;

/** Where to listen. */
export interface Line {
  readonly channel: string;
  readonly client: ListenClient;
}

/**
 * Listens until it is stopped, and connects again whenever the connection is lost. What is told in between is not
 * heard.
 */
export function listenTo(connect: () => Promise<Line>, onPayload: OnPayload): Stop {
  let stopped = false;
  let stop: Stop = () => {};
  let pause = FIRST_PAUSE;
  const attempt = async (): Promise<void> => {
    let lost = false;
    const onLost = (): void => {
      if (lost || stopped) return;
      lost = true;
      stop = after(pause, attempt);
      pause = Math.min(pause * 2, LAST_PAUSE);
    };
    try {
      const { channel, client } = await connect();
      const isSubscribing = "listen" in client;
      const end = isSubscribing
        ? await subscribe(client, channel, onPayload)
        : await follow(client, channel, onPayload, onLost);
      if (stopped) return end();
      if (lost) return;
      stop = end;
      pause = FIRST_PAUSE;
    } catch {
      onLost();
    }
  };
  void attempt();
  return () => {
    stopped = true;
    stop();
  };
}

function after(ms: number, work: () => Promise<void>): Stop {
  const timer = setTimeout(() => void work(), ms);
  (timer as { unref?: () => void }).unref?.();
  return () => clearTimeout(timer);
}

/** `postgres` and PGlite see to their connection themselves. They answer with what ends it, each in its form. */
async function subscribe(client: SubscribingClient, channel: string, onPayload: OnPayload): Promise<Stop> {
  const answer = await client.listen(channel, onPayload);
  const end = typeof answer === "function" ? answer : (answer as { unlisten?: unknown } | undefined)?.unlisten;
  return () => void quietly(async () => (end as (() => unknown) | undefined)?.());
}

/** A connection of pg: asked now and then whether it is alive, for a broken network does not say so. */
async function follow(
  client: NotifyingClient,
  channel: string,
  onPayload: OnPayload,
  onLost: () => void,
): Promise<Stop> {
  let over = false;
  let asked = false;
  const end = (): void => {
    over = true;
    clearInterval(beat);
    void quietly(() => client.end());
  };
  const lost = (): void => {
    if (over) return;
    end();
    onLost();
  };
  const answered = (): void => {
    asked = false;
  };
  const beat = setInterval(() => {
    if (asked) return lost();
    asked = true;
    Promise.resolve(client.query("SELECT 1")).then(answered, lost);
  }, BEAT);
  (beat as { unref?: () => void }).unref?.();
  client.on("notification", (message) => {
    if (!over && message.channel === channel) onPayload(message.payload ?? "");
  });
  client.on("error", lost);
  client.on("end", lost);
  // Who watches does not keep the process alive.
  client.unref?.();
  try {
    await client.query(`LISTEN ${channel}`);
  } catch (error) {
    if (!over) end();
    throw error;
  }
  return end;
}

async function quietly(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch {
    // It was being ended anyway.
  }
}
