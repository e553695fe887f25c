const STEPS_S = [1, 2, 4, 8, 16];
const LONGEST_S = 30;

/**
 * How long to wait before a connection attempt, in milliseconds: 1, 2, 4, 8, 16 s, then every 30 s.
 *
 * Up to a quarter is taken off at random, so that the clients of a restarted server do not all come
 * back in the same instant.
 *
 * @param attempt How many attempts have failed since the last good connection, from 1.
 * @param random From 0 (inclusive) to 1 (exclusive).
 */
export function backoffMs(attempt: number, random: number): number {
  const seconds = STEPS_S[attempt - 1] ?? LONGEST_S;
  return Math.round(seconds * 1000 * (1 - random / 4));
}
