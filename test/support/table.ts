import { beforeEach } from "vitest";

let tables = 0;

/** The name of a table: another for every test of the file. */
export let table = "";

beforeEach(() => {
  tables += 1;
  table = `t${tables}`;
});
