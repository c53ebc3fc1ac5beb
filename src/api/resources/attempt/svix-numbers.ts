/** Maps the numbers of the Svix API to the words that the store uses. */
import type { AttemptFilter, DeliveryStatus, ResponseClass, Trigger } from "../../../store/index.ts";

const STATUSES = [
  { number: 0, text: "success", status: "delivered" },
  { number: 1, text: "pending", status: "waiting" },
  { number: 2, text: "fail", status: "failed" },
  { number: 3, text: "sending", status: "retrying" },
  { number: 4, text: "canceled", status: "cancelled" },
] as const satisfies readonly { number: number; text: string; status: DeliveryStatus }[];

type StatusNumber = (typeof STATUSES)[number]["number"];
type StatusText = (typeof STATUSES)[number]["text"];

export const statusNumbers: readonly StatusNumber[] = STATUSES.map(({ number }) => number);
export const statusTexts: readonly StatusText[] = STATUSES.map(({ text }) => text);

const shown = Object.fromEntries(
  STATUSES.map(({ number, text, status }) => [status, { status: number, statusText: text }]),
) as Readonly<Record<DeliveryStatus, { readonly status: StatusNumber; readonly statusText: StatusText }>>;

/** Returns the fields `status` and `statusText`. */
export function statusOut(status: DeliveryStatus) {
  return shown[status];
}

/** Returns the status for a valid number. */
export function statusOfNumber(number: number): DeliveryStatus {
  return STATUSES[number]!.status;
}

/**
 * Returns the outcome of attempts with a status. Returns null if no attempt has this status,
 * because attempts are stored only when they end.
 */
export function outcomeOfNumber(number: number): NonNullable<AttemptFilter["outcome"]> | null {
  const status = statusOfNumber(number);
  return status === "delivered" || status === "failed" ? status : null;
}

const CLASSES = [
  [0, "none"],
  [100, "1xx"],
  [200, "2xx"],
  [300, "3xx"],
  [400, "4xx"],
  [500, "5xx"],
] as const satisfies readonly (readonly [number, ResponseClass])[];

type ClassNumber = (typeof CLASSES)[number][0];

export const classNumbers: readonly ClassNumber[] = CLASSES.map(([number]) => number);

const classes: ReadonlyMap<number, ResponseClass> = new Map(CLASSES);

/** Returns the response class for a valid number. */
export function classOfNumber(number: number): ResponseClass {
  return classes.get(number)!;
}

const TRIGGERS: Readonly<Record<Trigger, 0 | 1>> = { schedule: 0, manual: 1 };

export function triggerOut(trigger: Trigger): 0 | 1 {
  return TRIGGERS[trigger];
}
