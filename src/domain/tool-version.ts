declare const PACKAGE_VERSION: string | undefined;

/** Version of this package; undefined where its source runs unbuilt, as in tests. */
export const TOOL_VERSION: string | undefined =
  typeof PACKAGE_VERSION === "undefined" ? undefined : PACKAGE_VERSION;
