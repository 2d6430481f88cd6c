import "server-only";
import { cookies, headers } from "next/headers";
import { nextSession } from "sojourn/next";
import { sessions } from "./manager";

export const { getSession, sessionAction, withSession } = nextSession(sessions, { cookies, headers });
export { sessions };
