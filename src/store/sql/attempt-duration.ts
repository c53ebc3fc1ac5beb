/**
 * Maximum duration of an attempt in ms: the maximum of `delivery-timeout`, plus time to store the
 * attempt. So an attempt that started before a time ended at most so much later.
 */
export const ATTEMPT_MS_MAX = 25 * 3_600_000;
