/** Drivers are optional: whichever is installed is found at run time, and none brings its types into this package. */
declare module "better-sqlite3";
