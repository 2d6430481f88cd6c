"use strict";

/** The function, with `Store`, `MemoryStore`, `Session` and `Cookie` on it, as express-session gives it. */
const session = require("sojourn/express-session");

module.exports = session;
// Named imports of ES modules are found by these lines.
module.exports.Store = session.Store;
module.exports.MemoryStore = session.MemoryStore;
module.exports.Session = session.Session;
module.exports.Cookie = session.Cookie;
