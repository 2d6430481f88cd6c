import { tanstackStart } from "@tanstack/react-start/plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The session's middleware checks where requests come from.
const start = tanstackStart({ serverFns: { disableCsrfMiddlewareWarning: true } });

export default defineConfig({ plugins: [start, react()] });
