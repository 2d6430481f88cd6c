"use strict";

/** Imports one of these packages as Node does, from this folder. */
module.exports = (name) => import(name);
