// The recipe of docs/testing.md. Both plugins are in @babel/preset-env.
module.exports = {
  testMatch: ["**/stores.spec.mjs"],
  moduleFileExtensions: ["js", "mjs", "json", "node"],
  transform: {
    "\\.m?js$": [
      "babel-jest",
      { plugins: ["@babel/plugin-transform-modules-commonjs", "@babel/plugin-transform-dynamic-import"] },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!sojourn/)"],
};
