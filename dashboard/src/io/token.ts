/**
 * The token comes in the URL's fragment, which a browser never sends, and
 * leaves the address bar at once. It is this tab's until the server has taken
 * it; from then on the browser keeps it for this page, so that a copied link
 * opens without asking again.
 */
const KEY = "adw_token";
/** Several dashboards may share an origin, each under a path of its own. */
const keptKey = () => `${KEY} ${new URL("./", document.baseURI).pathname}`;

/**
 * Takes the token out of the address. Call before all else.
 *
 * @returns whether it held one
 */
export function takeTokenFromAddress(): boolean {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return false;
  saveToken(token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

/** @returns "" when there is none */
export function readToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? localStorage.getItem(keptKey()) ?? "";
  } catch {
    return memory;
  }
}

export function saveToken(token: string) {
  memory = token.trim();
  try {
    sessionStorage.setItem(KEY, memory);
  } catch {
    // Storage is switched off: the token lasts as long as the page does.
  }
}

/** Keeps the token for other tabs: the server has accepted it. */
export function keepToken() {
  const token = readToken();
  if (token === "") return;
  try {
    localStorage.setItem(keptKey(), token);
  } catch {
    // The tab has it all the same.
  }
}

/** Whether there is a token that this browser could forget. */
export function hasToken() {
  return readToken() !== "";
}

/** Forgets the token, here and for other tabs. */
export function forgetToken() {
  memory = "";
  try {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(keptKey());
  } catch {
    // Nothing was kept.
  }
}

let memory = "";
