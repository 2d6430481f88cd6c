/** What an application imports for one mode, minified and gzipped, on Node and on Workers (where #crypto differs). */
const modes = { stateless: "5 kB", "server-side": "8 kB" };
const platforms = {
  node: { platform: "node", conditions: ["node", "import"] },
  workers: { platform: "browser", conditions: ["workerd", "worker", "browser", "import"] },
};

/** The paths of tsconfig.json would lead to the sources. */
const built = { format: "esm", target: "es2022", legalComments: "none", tsconfigRaw: "{}" };

export default Object.entries(modes).flatMap(([mode, limit]) =>
  Object.entries(platforms).map(([name, platform]) => ({
    name: `${mode} on ${name}`,
    path: `test/package/apps/${mode}.js`,
    limit,
    gzip: true,
    modifyEsbuildConfig: (config) => ({ ...config, ...built, ...platform }),
  })),
);
