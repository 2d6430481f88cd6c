module.exports = {
  testMatch: ["**/stores.spec.mjs"],
  moduleFileExtensions: ["js", "mjs", "json", "node"],
  transform: {},
};
