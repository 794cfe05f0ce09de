/** Nunjucks without parser, loaders and built-in filters: what a compiled template calls. */
declare module "nunjucks/src/runtime.js" {
  const runtime: { Frame: new () => object };
  export default runtime;
}
