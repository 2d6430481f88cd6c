import { type NextRequest, NextResponse } from "next/server";
import { sessions } from "./lib/manager";

/** Looks and changes nothing: what the proxy would set, the render that follows would not see. */
export async function proxy(request: NextRequest) {
  const session = await sessions.open(request, { readOnly: true });
  return session.userId ? NextResponse.next() : NextResponse.redirect(new URL("/", request.url));
}

export const config = { matcher: "/devices" };
