export default defineNuxtConfig({
  compatibilityDate: "2026-01-01",
  telemetry: false,
  css: ["sojourn-example-common/style.css"],
  app: { head: { title: "Sojourn with Nuxt", htmlAttrs: { lang: "en" } } },
});
