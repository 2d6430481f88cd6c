/** A standalone server serves its own static files when they lie beside it; Next leaves that to whoever deploys. */
import { cpSync } from "node:fs";

cpSync(".next/static", ".next/standalone/.next/static", { recursive: true });
