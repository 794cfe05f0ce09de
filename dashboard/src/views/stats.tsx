/** The fleet's numbers in the top bar. */
import { compileFilter, emptyFilter } from "../core/filter.ts";
import { isWhole, totals } from "../core/fleet.ts";
import { formatCount } from "../core/format.ts";
import {
  fleet,
  moment,
  nameOf,
  overviewVersion,
  scope,
  store,
} from "../state.ts";
import { costWords } from "./cost_words.ts";

export function Stats() {
  void overviewVersion.value;
  const sum = totals(fleet.value.current);
  const { usage } = sum;
  const rates = ratesUntil(moment.value);
  const isEstimated = usage.estimated > 0;
  const estimate = isEstimated ? "partly estimated" : "as recorded";
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
          {formatCount(usage.tokensIn)}
          <small> / </small>
          {formatCount(usage.tokensOut)}
        </dd>
      </div>
      <div class="stat stat-cost" title={`Cost in US dollars, ${estimate}`}>
        <dt>Cost{isEstimated ? " (est.)" : ""}</dt>
        <dd>{costWords({ ...usage, estimated: 0 })}</dd>
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

/** Events in the last minute, and in each quarter of the ten minutes before. */
function ratesUntil(time: number) {
  const isShown = isWhole(scope.value)
    ? null
    : compileFilter({ ...emptyFilter(), ...scope.value }, nameOf);
  const eventsBetween = (from: number, until: number) => {
    if (isShown === null) return until - from;
    let events = 0;
    for (let index = from; index < until; index++) {
      const event = store.events[index];
      if (event !== undefined && isShown(event, 0)) events += 1;
    }
    return events;
  };
  const buckets: number[] = [];
  let before = store.countUntil(time - BUCKETS * BUCKET_MS);
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    const until = store.countUntil(time - bucket * BUCKET_MS);
    buckets.push(eventsBetween(before, until));
    before = until;
  }
  const minuteAgo = store.countUntil(time - 60_000);
  return { buckets, lastMinute: eventsBetween(minuteAgo, before) };
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
