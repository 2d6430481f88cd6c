import type { NextConfig } from "next";

const here = import.meta.dirname;

// Standalone: what `next build` leaves is a server that needs no node_modules. The two folders keep it from taking the
// project around this example into the bargain.
export default { output: "standalone", outputFileTracingRoot: here, turbopack: { root: here } } satisfies NextConfig;
