import pg from "pg";
import type { NotifyingClient } from "../../src/stores/postgres.ts";

/** A connection to listen on that is open already, for the contract suite gives a watcher 20 ms to begin. */
export async function listening(url: string): Promise<{ listen(): NotifyingClient; end(): Promise<void> }> {
  const ear = new pg.Client(url);
  ear.setMaxListeners(0);
  await ear.connect();
  return {
    listen: () => ({
      query: (text) => ear.query(text),
      on: ear.on.bind(ear),
      end: async () => {},
    }),
    end: () => ear.end(),
  };
}
