import { formatDuration } from "../format.ts";
import { counted } from "../words.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Delays that are named one by one. The rest is summarized. */
const NAMED_MAX = 12;

/** Returns the length in ms of a duration as the API writes it, such as `90s` or `1.5h`; null if it is none. */
export function delayMs(text: string): number | null {
  if (text === "0") return 0;
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined ? null : Math.round(Number(amount) * UNIT_MS[unit]!);
}

/**
 * Returns what a retry schedule means, such as "Retries after 5 s, 5 min and 30 min, in all 35 min 5 s:
 * 4 attempts." Returns null if a delay is not a duration.
 */
export function scheduleWords(delays: readonly string[]): string | null {
  if (delays.length === 0) return "No retries: 1 attempt.";
  const waits = delays.map(delayMs);
  if (waits.includes(null)) return null;
  const sumMs = (waits as number[]).reduce((sum, ms) => sum + ms, 0);
  const named = (waits as number[]).slice(0, NAMED_MAX).map((ms) => formatDuration(ms));
  const more = waits.length - named.length;
  const list = more > 0 ? `${named.join(", ")} and ${counted(more, "more delay")}` : listed(named);
  return `Retries after ${list}, in all ${formatDuration(sumMs)}: ${counted(waits.length + 1, "attempt")}.`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
