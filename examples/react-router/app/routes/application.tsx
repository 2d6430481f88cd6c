import { Outlet } from "react-router";
import { sessionMiddleware } from "sojourn/react-router";
import { sessions } from "../sessions.server";

export const middleware = [sessionMiddleware(sessions)];

/** A middleware runs for data requests too when the route has a loader. */
export const loader = () => null;

export default function Application() {
  return <Outlet />;
}
