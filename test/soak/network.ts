/** Faults of the network between an application and a server, all by a proxy. */
import { setTimeout as delay } from "node:timers/promises";
import type { Proxy as TcpProxy } from "../servers/proxy.ts";
import type { Fault } from "./backend.ts";

/** Does it again and again until the end. */
export function repeatedly(harm: () => Promise<void> | void, everyMs: number): Pick<Fault, "begin" | "end"> {
  let stop: AbortController | undefined;
  let loop: Promise<void> | undefined;
  return {
    begin() {
      const ending = new AbortController();
      stop = ending;
      loop = (async () => {
        while (!ending.signal.aborted) {
          await harm();
          await delay(everyMs, undefined, { signal: ending.signal }).catch(() => {});
        }
      })();
    },
    async end() {
      stop?.abort();
      await loop;
    },
  };
}

/** `write` tells the requests whose answers are dropped: changes, as they look on the wire. */
export function networkFaults(proxies: readonly TcpProxy[], write: RegExp): Record<string, Fault> {
  const each = (act: (proxy: TcpProxy) => unknown) => (): void => {
    for (const proxy of proxies) act(proxy);
  };
  const heal = each((proxy) => proxy.heal());
  let turn = 0;
  const cuts = repeatedly(
    each((proxy) => proxy.cut()),
    400,
  );
  const drops = repeatedly(
    each((proxy) => {
      turn += 1;
      // Every third stays open with nothing coming back: the call has to give up by itself.
      proxy.dropAnswer({ matches: write, silently: turn % 3 === 0 }).catch(() => {});
    }),
    50,
  );
  return {
    slow: { begin: each((proxy) => proxy.delay(15)), end: heal, fails: false },
    cut: { ...cuts, fails: true },
    refused: {
      begin: each((proxy) => {
        proxy.refuse();
        proxy.cut();
      }),
      end: heal,
      fails: true,
    },
    "half-open": { begin: each((proxy) => proxy.blackHole()), end: heal, fails: true },
    dropped: {
      begin: drops.begin,
      async end() {
        await drops.end();
        heal();
      },
      fails: true,
    },
  };
}
