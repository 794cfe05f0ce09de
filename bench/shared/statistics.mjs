/** The value below which the given share of the values lies, interpolated. */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const low = Math.floor(position);
  const high = Math.ceil(position);
  return sorted[low] + (sorted[high] - sorted[low]) * (position - low);
}

export function median(values) {
  return quantile(values, 0.5);
}

/**
 * Each round measures every contender once, so a slow moment of the machine hits
 * both sides of a pair: the median of the rounds' ratios is steadier than the
 * ratio of the medians.
 *
 * @param numerators - one value a round
 * @param denominators - one value a round, in the same order
 */
export function pairedRatio(numerators, denominators) {
  const ratios = numerators.map((value, round) => value / denominators[round]);
  return {
    median: median(ratios),
    low: quantile(ratios, 0.25),
    high: quantile(ratios, 0.75),
  };
}
