import { nuxtSession } from "sojourn/nuxt";

/** Around the whole application, but for what a page may know: a page that only looks is no sign of life. */
export default defineNitroPlugin(nuxtSession(sessions, { body: (event) => readBody(event), except: ["/session"] }));
