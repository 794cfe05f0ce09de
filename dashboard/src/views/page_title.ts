/** The page's title without the number of those who wait. */
export function pageTitle(): string {
  return document.title.replace(/^\(\d+\) /, "") || "Agents";
}
