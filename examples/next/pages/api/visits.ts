import type { NextApiRequest, NextApiResponse } from "next";
import { openSession } from "sojourn/node";
import { sessions } from "../../lib/manager";

/** The Pages Router has Node's request and response: `sojourn/node` as it is. */
export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  const session = await openSession(sessions, req, res);
  if (!session) return; // refused, or the store is down: answered already
  session.data.count = (session.data.count ?? 0) + 1;
  res.json({ count: session.data.count });
}
