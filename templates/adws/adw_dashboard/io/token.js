/**
 * The token comes in the URL's fragment, which a browser never sends, moves to
 * this tab's session storage, and leaves the address bar at once.
 */
const KEY = "adw_token";

/**
 * Takes the token out of the address. Call before all else.
 *
 * @returns {boolean} whether it held one
 */
export function takeTokenFromAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return false;
  saveToken(token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

/** @returns {string} "" when there is none */
export function readToken() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return memory;
  }
}

/** @param {string} token */
export function saveToken(token) {
  memory = token.trim();
  try {
    sessionStorage.setItem(KEY, memory);
  } catch {
    // Storage is switched off: the token lasts as long as the page does.
  }
}

let memory = "";
