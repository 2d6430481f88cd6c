import type { ReactNode } from "react";
import "sojourn-example-common/style.css";

export const metadata = { title: "Sojourn with Next.js" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
