import * as estree from "prettier/plugins/estree";
import * as typescript from "prettier/plugins/typescript";
import { format } from "prettier/standalone";

/** Formats TypeScript by prettier's defaults. */
export function formatTypeScript(code: string): Promise<string> {
  return format(code, {
    parser: "typescript",
    plugins: [estree, typescript],
  });
}
