/** Numbers and times as people read them. */

// Written out where Intl would say the same: its formatters take a tenth of a
// second to make, which is when the page should be painting.

/** 14:03:27 */
export function formatClock(time: number) {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map(pad)
    .join(":");
}

/** 14:03:27.042 */
export function formatClockMs(time: number) {
  const ms = new Date(time).getMilliseconds();
  return `${formatClock(time)}.${String(ms).padStart(3, "0")}`;
}

let day: Intl.DateTimeFormat | undefined;
let shortDay: Intl.DateTimeFormat | undefined;

/** "–" for a time beyond all calendars: Intl would throw. */
export function formatDay(time: number) {
  if (Number.isNaN(time)) return "–";
  day ??= new Intl.DateTimeFormat(undefined, {
    year: "numeric",
    month: "short",
    day: "numeric",
  });
  return day.format(time);
}

/** 24 Nov, for where the year goes without saying. */
export function formatShortDay(time: number) {
  if (Number.isNaN(time)) return "–";
  shortDay ??= new Intl.DateTimeFormat(undefined, {
    month: "short",
    day: "numeric",
  });
  return shortDay.format(time);
}

/** The day a time lies in, here; the same for all times of that day. */
export function dayOf(time: number) {
  return new Date(time).setHours(0, 0, 0, 0);
}

/**
 * 840 ms, 4.2 s, 3 m 05 s, 2 h 14 m, 3 d 4 h: every length of time on the page,
 * rounded to the nearest of the last unit shown.
 */
export function formatDuration(ms: number) {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) {
    return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  }
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1_440) {
    return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  }
  const hours = Math.round(ms / 3_600_000);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The beginning of a text, cut between characters: half of an emoji is none. */
export function cutText(text: string, length: number) {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? length - 1 : length);
}

/** 947, 12.4k, 3.1M */
export function formatCount(value: number) {
  if (value < 1_000) return String(Math.round(value));
  if (value < 9_950) return `${(value / 1_000).toFixed(1)}k`;
  if (value < 999_500) return `${Math.round(value / 1_000)}k`;
  if (value < 99_500_000) return `${(value / 1_000_000).toFixed(1)}M`;
  return `${Math.round(value / 1_000_000)}M`;
}

/** 12,345 */
export function formatInteger(value: number) {
  return group(String(Math.round(value)));
}

/** $0.0042, $0.42, $12.30; null when nothing was recorded. */
export function formatCost(usd: number | null) {
  if (usd === null) return "–";
  if (usd > 0 && usd < 0.00005) return "<$0.0001";
  if (usd !== 0 && Math.abs(usd) < 0.01) return `$${usd.toFixed(4)}`;
  return `$${group(usd.toFixed(2))}`;
}

/** step_start → Step start */
export function formatWord(word: string) {
  const spaced = word.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function pad(value: number) {
  return String(value).padStart(2, "0");
}

/** 1234.50 → 1,234.50 */
function group(digits: string) {
  return digits.replace(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ",");
}
