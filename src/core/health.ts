/**
 * Returns an endpoint's `failingSince` after an attempt that ended at `now`. After a success it is
 * null; otherwise it is the end of the first failed attempt since the last success.
 */
export function afterAttempt(failingSince: number | null, success: boolean, now: number): number | null {
  return success ? null : (failingSince ?? now);
}

/**
 * Returns whether the endpoint has failed continuously for `disableAfterMs`. 0 means never disable.
 */
export function shouldDisable(failingSince: number | null, now: number, disableAfterMs: number): boolean {
  return disableAfterMs > 0 && failingSince !== null && now - failingSince >= disableAfterMs;
}
