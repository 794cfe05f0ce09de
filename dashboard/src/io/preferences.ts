/** What a person chose, kept by the browser where it lets the page. */
const DISMISSED_KEY = "adw_dismissed";
const SHORTCUTS_KEY = "adw_shortcuts";

export function readShortcutsOn() {
  try {
    return localStorage.getItem(SHORTCUTS_KEY) !== "off";
  } catch {
    return true;
  }
}

export function keepShortcutsOn(on: boolean) {
  try {
    if (on) localStorage.removeItem(SHORTCUTS_KEY);
    else localStorage.setItem(SHORTCUTS_KEY, "off");
  } catch {
    // Without storage it lasts as long as the page does.
  }
}

/** Keys of the needs that were dismissed in this tab. */
export function readDismissed(): string[] {
  try {
    const keys: unknown = JSON.parse(
      sessionStorage.getItem(DISMISSED_KEY) ?? "[]",
    );
    return Array.isArray(keys) ? keys.map(String) : [];
  } catch {
    return [];
  }
}

export function keepDismissed(keys: readonly string[]) {
  try {
    sessionStorage.setItem(DISMISSED_KEY, JSON.stringify(keys));
  } catch {
    // Without storage it comes back when the page is loaded again.
  }
}
