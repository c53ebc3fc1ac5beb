/**
 * Returns an endpoint's `failingSince` after an attempt that ended at `now`: the time since which
 * every attempt has failed, or null while the endpoint is healthy. After a success it is null;
 * after a failure it is the time of the first failure.
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
