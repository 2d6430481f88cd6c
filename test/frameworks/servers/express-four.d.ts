/** Express 4 has its types elsewhere; what is used of it here is as in Express 5. */
declare module "express4" {
  import express from "express";
  export default express;
}
