import pg from "pg";
import type { NotifyingClient } from "../../src/stores/postgres.ts";

/** A connection to listen on that is open already, so that no case of the contract has to wait for one. */
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
