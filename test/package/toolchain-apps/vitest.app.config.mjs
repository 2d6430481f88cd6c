export default { test: { include: ["stores.spec.mjs"], globals: true } };
