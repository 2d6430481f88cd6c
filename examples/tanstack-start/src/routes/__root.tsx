import { createRootRoute, HeadContent, Outlet, Scripts } from "@tanstack/react-router";
import style from "sojourn-example-common/style.css?url";

export const Route = createRootRoute({
  head: () => ({
    meta: [
      { charSet: "utf-8" },
      { name: "viewport", content: "width=device-width, initial-scale=1" },
      { title: "Sojourn with TanStack Start" },
    ],
    links: [{ rel: "stylesheet", href: style }],
  }),
  component: () => (
    <html lang="en">
      <head>
        <HeadContent />
      </head>
      <body>
        <Outlet />
        <Scripts />
      </body>
    </html>
  ),
});
