/**
 * What an application imports for one mode, minified and gzipped, on Node and on Workers (where #crypto differs).
 * The goals were 5 kB and 8 kB and are missed by far: `createSessions` brings every mode, verb and message along. These are
 * ceilings, so that it does not grow unnoticed; lower them with every cut.
 */
const modes = { stateless: "43.5 kB", "server-side": "43.5 kB" };
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
