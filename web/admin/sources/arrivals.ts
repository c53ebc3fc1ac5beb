import type { ListOf, Message, SourceLogEntry } from "../../../src/api/types.ts";
import type { Tone } from "../../kit/parts/badge.tsx";
import { type Cause, causeWords, stateWords } from "./words.ts";

/** A request that arrived at a source: stored as a message, or refused. */
export interface Arrival {
  readonly id: string;
  readonly isStored: boolean;
  /** Time of arrival, RFC 3339. */
  readonly at: string;
  readonly title: string;
  readonly request: string;
  readonly tone: Tone;
  readonly word: string;
  /** Why the check failed or the request was refused; null if it passed. */
  readonly cause: Cause | null;
}

export interface Arrivals {
  /** Newest first. */
  readonly data: readonly Arrival[];
  /** Whether older requests exist. */
  readonly isCut: boolean;
}

/** Entries of the log below this status are requests that were stored too. */
const REFUSED_STATUS_MIN = 300;

/**
 * Merges the newest messages of a source with the newest entries of its log. A list that was cut
 * says nothing about what is older than its last item, so the result ends there.
 */
export function mergeArrivals(messages: ListOf<Message>, log: ListOf<SourceLogEntry>, limit: number): Arrivals {
  const refused = log.data.filter(({ status_code }) => status_code >= REFUSED_STATUS_MIN);
  const all = [...messages.data.map(ofMessage), ...refused.map(ofEntry)].sort(newestFirst);
  const from = Math.max(
    endOf(messages.done, messages.data.at(-1)?.timestamp),
    endOf(log.done, log.data.at(-1)?.created_at),
  );
  const known = all.filter(({ at }) => Date.parse(at) >= from);
  const data = known.slice(0, limit);
  return { data, isCut: data.length < all.length || !messages.done || !log.done };
}

/** Returns the time of the oldest item of a list that was cut; nothing is missing from a whole list. */
function endOf(isWhole: boolean, oldest: string | undefined): number {
  return isWhole || oldest === undefined ? Number.NEGATIVE_INFINITY : Date.parse(oldest);
}

function newestFirst(a: Arrival, b: Arrival): number {
  const [timeA, timeB] = [Date.parse(a.at), Date.parse(b.at)];
  if (timeA !== timeB) return timeB - timeA;
  return a.id < b.id ? 1 : -1;
}

function ofMessage(message: Message): Arrival {
  const { id, timestamp, eventType, method = "", path = "", verification = "unattempted", verificationCause } = message;
  const { tone, word } = stateWords[verification];
  const request = `${method} ${path}`;
  return { id, isStored: true, at: timestamp, title: eventType, request, tone, word, cause: verificationCause ?? null };
}

function ofEntry({ id, created_at, method, path, status_code, cause }: SourceLogEntry): Arrival {
  const word = `refused ${status_code}`;
  const request = `${method} ${path}`;
  return { id, isStored: false, at: created_at, title: causeWords(cause), request, tone: "bad", word, cause };
}
