/** Nunjucks without its parser: the part that runs precompiled templates. */
declare module "nunjucks/browser/nunjucks-slim.js" {
  interface Loader {
    getSource(name: string): {
      src: { type: "code"; obj: object };
      path: string;
      noCache: boolean;
    } | null;
  }
  class Environment {
    constructor(
      loaders: readonly Loader[],
      options: { autoescape: boolean; throwOnUndefined: boolean },
    );
    addFilter(
      name: string,
      filter: (value: unknown, argument: string) => string,
    ): void;
    render(name: string, context: Record<string, unknown>): string;
  }
  const nunjucks: { Environment: typeof Environment };
  export default nunjucks;
}
