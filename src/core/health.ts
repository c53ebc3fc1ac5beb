/** An endpoint's health is one instant: since when every attempt has failed. Null while healthy. */
export type Health = { readonly failingSince: number | null };

/** The new `failingSince` after an attempt that ended at `now`: one success heals, a failure keeps the first instant. */
export function afterAttempt(failingSince: number | null, success: boolean, now: number): number | null {
  return success ? null : (failingSince ?? now);
}

/** Has it failed without a break for `disableAfterMs`? 0 = never disable. */
export function shouldDisable(failingSince: number | null, now: number, disableAfterMs: number): boolean {
  return disableAfterMs > 0 && failingSince !== null && now - failingSince >= disableAfterMs;
}
