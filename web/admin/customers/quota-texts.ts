import type { Application } from "../../../src/api/types.ts";

/** The limits of a quota as the form shows them. An empty text is the server's default. */
export interface QuotaTexts {
  readonly endpoints: string;
  readonly messagesPerDay: string;
  /** A number of bytes, or a size such as `10 GiB`. */
  readonly storedBytes: string;
}

export const NO_QUOTA: QuotaTexts = { endpoints: "", messagesPerDay: "", storedBytes: "" };

/** Units of a size, largest first. */
const UNITS = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
] as const;

export function quotaTextsOf(quota: Application["quota"]): QuotaTexts {
  const text = (limit: number | null | undefined) => (limit == null ? "" : String(limit));
  return {
    endpoints: text(quota?.endpoints),
    messagesPerDay: text(quota?.messagesPerDay),
    storedBytes: quota?.storedBytes == null ? "" : sizeText(quota.storedBytes),
  };
}

/**
 * Returns the quota as the API takes it. A text that is no number is sent unchanged, so that the server
 * names it.
 */
export function quotaOf({ endpoints, messagesPerDay, storedBytes }: QuotaTexts) {
  const quota = {
    endpoints: numberOf(endpoints),
    messagesPerDay: numberOf(messagesPerDay),
    storedBytes: bytesOf(storedBytes),
  };
  return Object.values(quota).every((limit) => limit === null) ? null : quota;
}

/** Returns a number, the text if it is not one, or null if it is empty. */
export function numberOf(text: string): number | string | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  return Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/** Formats a size exactly, in the largest unit of which it is a whole number: `10 GiB`, `1500`. */
export function sizeText(bytes: number): string {
  const unit = UNITS.find(([, worth]) => bytes > 0 && bytes % worth === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]} ${unit[0]}`;
}

function bytesOf(text: string): number | string | null {
  const [, amount, name] = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]iB)\s*$/i.exec(text) ?? [];
  const unit = UNITS.find(([unit]) => unit.toLowerCase() === name?.toLowerCase());
  return unit === undefined ? numberOf(text) : Math.round(Number(amount) * unit[1]);
}
