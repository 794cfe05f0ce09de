/** The fleet's numbers in the top bar. */
import { totals } from "../core/fleet.ts";
import { sessionOf } from "../core/filter.ts";
import { formatCost, formatCount } from "../core/format.ts";
import { filter, fleet, moment, overviewVersion, store } from "../state.ts";

export function Stats() {
  void overviewVersion.value;
  const sum = totals(fleet.value.current);
  const rates = ratesUntil(moment.value, filter.value.sessions);
  const estimate = sum.estimated ? "partly estimated" : "as recorded";
  return (
    <dl class="stats">
      <div class="stat stat-working">
        <dt>Working</dt>
        <dd>
          {sum.running}
          <small>
            {" "}
            of {sum.agents}
            {sum.waiting > 0 && `, ${sum.waiting} waiting`}
          </small>
          <small class="stat-word" aria-hidden="true">
            working
          </small>
        </dd>
      </div>
      <div class="stat">
        <dt>Events a minute</dt>
        <dd>
          {formatCount(rates.lastMinute)}
          <Sparkline values={rates.buckets} />
        </dd>
      </div>
      <div class="stat">
        <dt>Tokens in / out</dt>
        <dd>
          {formatCount(sum.tokensIn)}
          <small> / </small>
          {formatCount(sum.tokensOut)}
        </dd>
      </div>
      <div class="stat stat-cost" title={`Cost in US dollars, ${estimate}`}>
        <dt>Cost{sum.estimated ? " (est.)" : ""}</dt>
        <dd>{formatCost(sum.costRecorded ? sum.cost : null)}</dd>
      </div>
      <div class="stat stat-errors" data-alarm={sum.failed > 0 || undefined}>
        <dt>Failed</dt>
        <dd>
          {sum.failed}
          <small class="stat-word" aria-hidden="true">
            failed
          </small>
        </dd>
      </div>
      <div
        class="stat"
        title="Events of level error or critical, or of type error"
      >
        <dt>Error events</dt>
        <dd>{formatCount(sum.errors)}</dd>
      </div>
    </dl>
  );
}

const BUCKET_MS = 15_000;
const BUCKETS = 40;

/**
 * Events in the last minute, and in each quarter of the ten minutes before.
 *
 * @param sessions none: of all
 */
function ratesUntil(time: number, sessions: readonly string[]) {
  const buckets: number[] = [];
  let before = store.countUntil(time - BUCKETS * BUCKET_MS);
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    const until = store.countUntil(time - bucket * BUCKET_MS);
    buckets.push(eventsBetween(before, until, sessions));
    before = until;
  }
  const minuteAgo = store.countUntil(time - 60_000);
  return { buckets, lastMinute: eventsBetween(minuteAgo, before, sessions) };
}

function eventsBetween(
  from: number,
  until: number,
  sessions: readonly string[],
) {
  if (sessions.length === 0) return until - from;
  let events = 0;
  for (let index = from; index < until; index++) {
    const event = store.events[index];
    if (event !== undefined && sessions.includes(sessionOf(event))) events += 1;
  }
  return events;
}

function Sparkline({ values }: { values: readonly number[] }) {
  const most = Math.max(1, ...values);
  const points = values.map(
    (value, index) =>
      `${Math.round((index * 80) / (values.length - 1))},${Math.round(19 - (17 * value) / most)}`,
  );
  return (
    <svg
      class="sparkline"
      viewBox="0 0 80 20"
      preserveAspectRatio="none"
      role="img"
      aria-label="Events over the last ten minutes"
    >
      <polygon points={`0,20 ${points.join(" ")} 80,20`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}
