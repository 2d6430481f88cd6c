// Bundles app.mjs as a server's own build does, with one driver kept out, as native modules have to be.
import { createRequire } from "node:module";

const webpack = createRequire(import.meta.url)("webpack");
const app = new URL(".", import.meta.url).pathname;
const compiler = webpack({
  mode: "development",
  devtool: false,
  target: "node20",
  context: app,
  entry: "./app.mjs",
  output: { path: `${app}out`, filename: "app.cjs" },
  optimization: { splitChunks: false },
  externals: { libsql: "commonjs libsql" },
});
compiler.run((error, stats) => {
  if (error) throw error;
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  const [failures, notes] = [errors, warnings].map((list) => list.map(({ message }) => message.split("\n")[0]));
  const strange = notes.filter((note) => !note.startsWith("Module not found: Error: Can't resolve"));
  console.log(JSON.stringify({ errors: failures, warnings: notes, strange }));
});
