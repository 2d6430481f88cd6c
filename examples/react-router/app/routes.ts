import { index, layout, type RouteConfig, route } from "@react-router/dev/routes";

export default [
  // Outside of the layout with the session's middleware: a page that only looks is no sign of life.
  route("session", "routes/session.ts"),
  layout("routes/application.tsx", [
    index("routes/home.tsx"),
    route("devices", "routes/devices.tsx"),
    route("note", "routes/note.ts"),
    route("invitation/:code", "routes/invitation.ts"),
  ]),
] satisfies RouteConfig;
