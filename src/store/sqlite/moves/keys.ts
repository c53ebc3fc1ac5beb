import type { Database } from "bun:sqlite";
import { randomUUID } from "node:crypto";
import type { Seq, SeqSource } from "../../../core/id.ts";
import type { KeysCursor, KeysPage, KeysPass, MoveOrigin, Row } from "../../index.ts";
import type { Turns } from "../../turns.ts";
import type { MessageKeys, StoredKey } from "../keys/message-keys.ts";
import type { PageReader } from "./page-reader.ts";

/** Maximum number of keys in a page, unless one step finds more. */
const KEYS_MAX = 500;
/** Number of keys after which a page ends, whether they belong to the application or not. */
const READ_MAX = 200_000;
/** Number of keys in memory, and of ranges, that are looked at in one turn of the event loop. */
const RECENT_AT_ONCE = 2000;
const RANGES_AT_ONCE = 16;
/** Limits of the responses in a page. A page may have one larger response. */
const RESPONSES_MAX = 200;
const RESPONSE_BYTES_MAX = 512 * 1024;

interface Parts {
  readonly db: Database;
  readonly keys: MessageKeys;
  readonly turns: Turns;
  readonly numbers: SeqSource;
  readonly erasures: ReadonlyMap<Seq, number>;
}

/** What was stored when a pass began. */
interface Begun {
  /** Stands for this process. */
  readonly process: string;
  /** Number of keys of messages that had been added. */
  readonly added: number;
  /** Number of payloads of the application that had been deleted. */
  readonly erasures: number;
  /** Responses that are stored later have greater numbers. */
  readonly response: Seq;
}

/**
 * Reads the idempotency keys of an application. The index of keys is not ordered by application, so a pass
 * looks at all keys and asks for the application of their messages. A later pass only looks at the keys
 * that were added since, and at all ranges if some of these keys have left memory. A place that is not
 * known, for example that of an earlier process, begins a pass.
 */
export function keysReader(parts: Parts, read: PageReader): MoveOrigin["keys"] {
  const { db, keys, turns, numbers, erasures } = parts;
  const process = randomUUID();
  let passes = 0;
  // The index is much smaller than the table of messages.
  const owner = db.prepare<unknown, [number, number]>(
    "SELECT 1 FROM application_messages WHERE application_seq = ? AND seq = ?",
  );
  const isErased = db.prepare<unknown, [number]>("SELECT 1 FROM message WHERE seq = ? AND payload IS NULL");
  const responsesAfter = responsesReader(db, read);

  const textOf = ({ process, added, erasures, response }: Begun): string =>
    [process, ++passes, added, erasures, response].join(" ");

  const begin = (applicationSeq: Seq, after: string | null): KeysCursor => {
    const now: Begun = {
      ...{ process, added: keys.addedCount },
      ...{ erasures: erasures.get(applicationSeq) ?? 0, response: numbers.last },
    };
    const before = after === null ? null : begunOf(after);
    // Payloads that were deleted since may belong to keys of the earlier pass.
    const isKnown = before !== null && before.process === process && before.erasures === now.erasures;
    const pass: KeysPass = { from: isKnown ? after : null, to: textOf(now) };
    return { pass, stage: "recent", place: isKnown ? before.added : keys.firstRecent };
  };

  return async (applicationSeq, after, now) => {
    const begun = after === null || typeof after === "string" ? null : begunOf(after.pass.to);
    if (begun?.process !== process || !isKnownStart((after as KeysCursor).pass)) {
      // The first page has only the name of the pass, so that all others can be read again.
      const first = begin(applicationSeq, typeof after === "string" ? after : null);
      return { page: pageOf([], { pass: first.pass, readAt: now, isFirst: true, isLast: false }, []), next: first };
    }
    const end = Math.min(begun.added, keys.addedCount);
    const { pass } = after as KeysCursor;
    const isOwn = (messageSeq: Seq) => owner.get(applicationSeq, messageSeq) !== null;
    const found: StoredKey[] = [];
    const responses: Row[] = [];
    let at = after as KeysCursor | null;
    for (let looked = 0; at !== null && looked < READ_MAX && found.length < KEYS_MAX && responses.length === 0; ) {
      if (looked > 0) await turns.next();
      const { stage, place }: KeysCursor = at;
      if (stage === "responses") {
        const some = responsesAfter(applicationSeq, place, now);
        responses.push(...some.rows);
        at = some.next === null ? null : { pass, stage, place: some.next };
        continue;
      }
      const isRecent = stage === "recent";
      const some = isRecent
        ? keys.recent({ from: place, to: Math.min(end, place + RECENT_AT_ONCE) }, isOwn, now)
        : keys.ranges({ from: place, limit: RANGES_AT_ONCE }, isOwn, now);
      looked += some.count + 1;
      found.push(...some.keys);
      if (isRecent && some.next! >= end) at = afterRecent(pass, keys.firstRecent);
      else at = some.next === null ? responsesOf(pass) : { pass, stage, place: some.next };
    }
    return { page: pageOf(found, { pass, readAt: now, isFirst: false, isLast: at === null }, responses), next: at };
  };

  function pageOf(
    found: readonly StoredKey[],
    place: Pick<KeysPage, "pass" | "readAt" | "isFirst" | "isLast">,
    responses: readonly Row[],
  ): KeysPage {
    const messages = found.map(({ messageSeq }) => ({ seq: messageSeq }));
    return {
      ...{ part: "keys", ...place, responses },
      ids: read.ids(["msg_", messages, "seq"]),
      keys: found.map(({ key, bodyHash, messageSeq, expiresAt }) => ({
        ...{ key: base64(key), bodyHash: bodyHash === null ? null : base64(bodyHash), messageSeq, expiresAt },
      })),
      erased: messages.filter(({ seq }) => isErased.get(seq) !== null).map(({ seq }) => seq),
    };
  }
}

/**
 * Returns what follows the keys in memory: the ranges, unless all keys of the pass have been in memory
 * until now. Keys that leave memory are found in the ranges, so these must be read last.
 */
function afterRecent(pass: KeysPass, firstRecent: number): KeysCursor {
  const hasMoved = pass.from === null || begunOf(pass.from)!.added < firstRecent;
  return hasMoved ? { pass, stage: "ranges", place: 0 } : responsesOf(pass);
}

function responsesOf(pass: KeysPass): KeysCursor {
  return { pass, stage: "responses", place: pass.from === null ? 0 : begunOf(pass.from)!.response };
}

function isKnownStart({ from }: KeysPass): boolean {
  return from === null || begunOf(from) !== null;
}

/** Reads what was stored when a pass began from its name. Returns null for other texts. */
function begunOf(text: string): Begun | null {
  const [process, ...words] = text.split(" ");
  const [pass, added, erasures, response] = words.map(Number);
  if (words.length !== 4 || ![pass, added, erasures, response].every(Number.isSafeInteger)) return null;
  return { process: process!, added: added!, erasures: erasures!, response: response! };
}

interface Responses {
  readonly rows: readonly Row[];
  readonly next: Seq | null;
}

/** Returns a function that reads stored responses in the order in which they were stored. */
function responsesReader(db: Database, read: PageReader): (applicationSeq: Seq, after: Seq, now: number) => Responses {
  const next = db.prepare<{ seq: Seq; bytes: number }, [number, number, number, number]>(
    `SELECT stored_seq AS seq, COALESCE(LENGTH(sealed), LENGTH(body)) AS bytes FROM idempotency
     WHERE application_seq = ? AND stored_seq > ? AND expires_at > ? ORDER BY stored_seq LIMIT ?`,
  );
  const rowOf = read.rows(
    "SELECT key, status, body, sealed, expires_at, body_hash FROM idempotency WHERE application_seq = ? AND stored_seq = ?",
  );
  return (applicationSeq, after, now) => {
    const rows: Row[] = [];
    let size = 0;
    const found = next.all(applicationSeq, after, now, RESPONSES_MAX);
    for (const { seq, bytes } of found) {
      size += bytes;
      if (rows.length > 0 && size > RESPONSE_BYTES_MAX) break;
      rows.push(...rowOf(applicationSeq, seq));
    }
    const isAll = rows.length === found.length && found.length < RESPONSES_MAX;
    return { rows, next: isAll ? null : found[rows.length - 1]!.seq };
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
