/**
 * Identifiers: a prefix and 27 base62 characters, sortable by time, as in the Svix API.
 *
 * Internally, a row is identified by a *sequence number* (`Seq`): an integer below 2^53. Sequence
 * numbers increase strictly within a process and encode their creation time, so they can be primary
 * keys. The text form is derived from the number: nine characters encode the number, and eighteen
 * are a hash of the number and the installation's seed. So no text form is stored or indexed, and
 * an id from another installation is detected without a lookup.
 */

/**
 * The sequence number of a row: milliseconds since 2025-01-01 in the upper 41 bits and a counter in
 * the lower 12 bits.
 */
export type Seq = number;

export type IdPrefix =
  | "org_"
  | "app_"
  | "ep_"
  | "msg_"
  | "dlv_"
  | "atmpt_"
  | "evtype_"
  | "qtask_"
  | "src_"
  | "log_"
  | "tok_"
  | "sess_"
  | "audit_"
  | "batch_";

const EPOCH_MS = Date.UTC(2025, 0, 1);
const PER_MS = 4096;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SEQ_CHARS = 9;
const MIX_CHARS = 18;

/** Returns the smallest sequence number for a time (ms since the Unix epoch). */
export function seqAt(timeMs: number): Seq {
  return Math.max(0, Math.floor(timeMs) - EPOCH_MS) * PER_MS;
}

/**
 * Returns the greatest sequence number before a time (ms since the Unix epoch), or 0 if there is
 * none.
 */
export function seqBefore(timeMs: number): Seq {
  return Math.max(0, seqAt(timeMs) - 1);
}

/**
 * Returns a delivery's position in its lane. It is the sequence number if the delivery is due
 * immediately (`dueAt` is null). Otherwise it is the number that a delivery created at `dueAt`
 * would get, but always greater than `seq`.
 */
export function placeAt(seq: Seq, dueAt: number | null): Seq {
  return dueAt === null ? seq : Math.max(seq + 1, seqAt(dueAt));
}

/** Returns the creation time of a sequence number, in ms since the Unix epoch. */
export function timeOfSeq(seq: Seq): number {
  return Math.floor(seq / PER_MS) + EPOCH_MS;
}

/** How far numbers and the clock may be apart without the clock having been set, in ms. */
const APART_MS_MAX = 30_000;

/**
 * Returns when a message that gets its number now counts as accepted: at the time of its number, so that
 * lists, which are filtered by numbers, match the timestamps that they show. Numbers never go back, so
 * after the clock was set back by more than `APART_MS_MAX`, it is the time of the clock.
 */
export function acceptanceTime(seq: Seq, now: number): number {
  const time = timeOfSeq(seq);
  return Math.abs(time - now) > APART_MS_MAX ? now : time;
}

/** Generates sequence numbers that increase strictly. */
export interface SeqSource {
  next(): Seq;
  /** Reserves `count` (≥ 1) numbers, `stride` apart, and returns the first one. */
  take(count: number): Seq;
  /** The difference between consecutive numbers. Several processes generate the numbers between. */
  readonly stride: number;
  /** Makes every later number greater than `seq`. */
  reach(seq: Seq): void;
  /** The greatest number generated so far. */
  readonly last: Seq;
}

/**
 * Generates numbers from the clock. They increase strictly, even if the clock steps back or stands
 * still.
 */
export class ClockSeqSource implements SeqSource {
  readonly stride = 1;
  #last: Seq;
  readonly #now: () => number;

  /** `last` is the greatest number generated earlier, or 0 if there is none. */
  constructor(now: () => number, last: Seq = 0) {
    this.#now = now;
    this.#last = last;
  }

  next(): Seq {
    return this.take(1);
  }

  take(count: number): Seq {
    const first = Math.max(seqAt(this.#now()), this.#last + 1);
    this.#last = first + count - 1;
    return first;
  }

  reach(seq: Seq): void {
    if (seq > this.#last) this.#last = seq;
  }

  get last(): Seq {
    return this.#last;
  }
}

const PAIRS: string[] = [];
for (const a of ALPHABET) for (const b of ALPHABET) PAIRS.push(a + b);
const VALUE_OF = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUE_OF[ALPHABET.charCodeAt(i)] = i;

function encodeSeq(seq: Seq): string {
  // Nine digits in base 62: one, then four pairs, most significant first.
  const low = seq % 14776336; // 62^4
  const rest = (seq - low) / 14776336;
  const mid = rest % 14776336;
  const top = (rest - mid) / 14776336;
  return (
    ALPHABET[top]! +
    PAIRS[Math.floor(mid / 3844)] +
    PAIRS[mid % 3844] +
    PAIRS[Math.floor(low / 3844)] +
    PAIRS[low % 3844]
  );
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
function avalanche(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The ids of rows that came from another installation. These rows keep their ids. */
export interface MovedIds {
  /** Returns the id that a row has kept, or null if its id is derived from its number. */
  idOf(prefix: IdPrefix, seq: Seq): string | null;
  /** Returns the number of the row with this id, or null if no row has kept this id. */
  seqOf(id: string): Seq | null;
}

/** The name that an installation has from a number on. Null means none. */
export interface ShardPeriod {
  readonly name: string | null;
  readonly from: Seq;
}

/** Greatest length of a shard's name. It consists of lower-case letters and digits. */
const SHARD_CHARS_MAX = 8;

/**
 * Encodes and decodes the ids of an installation. `seed` is four random 32-bit words that never
 * change. `moved` is null if no row came from another installation. `shards` are the names of the
 * installation, in order: the ids of rows from a period contain its name after the number, filled up
 * with `Z`, and have a shorter hash. So a proxy recognizes where a row was created.
 */
export class IdCodec {
  readonly #seed: readonly [number, number, number, number];
  readonly #moved: MovedIds | null;
  /** Newest first. */
  readonly #shards: readonly ShardPeriod[];

  constructor(
    seed: readonly [number, number, number, number],
    moved: MovedIds | null = null,
    shards: readonly ShardPeriod[] = [],
  ) {
    this.#seed = seed;
    this.#moved = moved;
    this.#shards = shards.toReversed();
  }

  encode(prefix: IdPrefix, seq: Seq): string {
    return this.#moved?.idOf(prefix, seq) ?? this.#derive(prefix, seq);
  }

  /**
   * Returns the sequence number in an id with this prefix. Returns null if this installation has not
   * generated the id and no row has kept it.
   */
  decode(prefix: IdPrefix, text: string): Seq | null {
    if (this.#moved !== null && text.startsWith(prefix)) {
      const seq = this.#moved.seqOf(text);
      if (seq !== null) return seq;
    }
    return this.#decodeOwn(prefix, text);
  }

  #derive(prefix: IdPrefix, seq: Seq): string {
    const shard = this.#shards.length === 0 ? null : this.#shardOf(seq);
    if (shard === null) return prefix + encodeSeq(seq) + this.#mix(seq);
    return prefix + encodeSeq(seq) + shard.padEnd(SHARD_CHARS_MAX, "Z") + this.#mix(seq).slice(SHARD_CHARS_MAX);
  }

  #shardOf(seq: Seq): string | null {
    return this.#shards.find(({ from }) => seq >= from)?.name ?? null;
  }

  #decodeOwn(prefix: IdPrefix, text: string): Seq | null {
    if (text.length !== prefix.length + SEQ_CHARS + MIX_CHARS || !text.startsWith(prefix)) return null;
    let seq = 0;
    for (let i = prefix.length; i < prefix.length + SEQ_CHARS; i++) {
      const value = VALUE_OF[text.charCodeAt(i)] ?? -1;
      if (value < 0) return null;
      seq = seq * 62 + value;
    }
    if (!Number.isSafeInteger(seq)) return null;
    return this.#derive(prefix, seq) === text ? seq : null;
  }

  #mix(seq: Seq): string {
    const low = (seq % 0x1_0000_0000) | 0;
    const high = Math.floor(seq / 0x1_0000_0000);
    let text = "";
    let word = high;
    for (let i = 0; i < 4; i++) {
      word = avalanche(avalanche(word ^ this.#seed[i]!) ^ low);
      const digits = word % 14776336;
      text += PAIRS[Math.floor(digits / 3844)]! + PAIRS[digits % 3844]!;
    }
    return text + PAIRS[avalanche(word ^ low) % 3844];
  }
}
