// `cpu.shares` of cgroup v1 as `cpu.weight` of v2.

/** 1 to 10000. */
const MAX_WEIGHT = 10_000n;
const MIN_SHARES = 2n;
const MAX_SHARES = 262_144n;

/**
 * The curve through (2, 1), (1024, 100) and (262144, 10000), so that the default of the one is the default of the other:
 * a quadratic of the logarithms. 0 shares are "not set", and stay 0.
 */
export function cpuWeight(shares: bigint): bigint {
  if (shares === 0n) return 0n;
  if (shares <= MIN_SHARES) return 1n;
  if (shares >= MAX_SHARES) return MAX_WEIGHT;
  const log = Math.log2(Number(shares));
  // With one division of whole numbers, the three points are exact.
  return BigInt(Math.ceil(10 ** ((log * (log + 125) - 126) / 612)));
}
