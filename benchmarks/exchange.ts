/** A request without HTTP: open, look or change, commit. */
import type { Sessions } from "sojourn";
import { type Data, increment } from "./application.ts";

/** @returns The cookie from now on, when the response sets one. */
export async function exchange(
  sessions: Sessions<Data>,
  cookie: string | undefined,
  change: boolean,
): Promise<string | undefined> {
  const header = (name: string): string | undefined => (name === "cookie" ? cookie : undefined);
  const session = await sessions.open({ method: "GET", url: "/", header });
  if (change) increment(session.data);
  else void session.data.count;
  const headers = await sessions.commit(session);
  return headers.find(({ name }) => name === "set-cookie")?.value.split(";")[0];
}
