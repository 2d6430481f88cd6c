import type { ReactNode } from "react";
import { Links, Outlet, Scripts } from "react-router";
import style from "sojourn-example-common/style.css?url";

export const links = () => [{ rel: "stylesheet", href: style }];

export function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Sojourn with React Router</title>
        <Links />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  );
}

export default function Root() {
  return <Outlet />;
}
