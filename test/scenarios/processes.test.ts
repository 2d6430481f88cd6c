/** Four processes over one folder, and over one SQLite file. */
import { join } from "node:path";
import { temporaryFolder } from "../servers/process.ts";
import { acrossProcesses } from "../support/processes/suite.ts";

const folder = temporaryFolder("processes");

acrossProcesses({
  file: { at: (name) => ({ kind: "file", directory: join(folder, name) }) },
  sqlite: { at: (name) => ({ kind: "sqlite", path: join(folder, `${name}.db`) }) },
});
