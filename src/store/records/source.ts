import type { Seq } from "../../core/id.ts";
import type { LogCause } from "../../core/received.ts";
import type { Source } from "../../core/resources/source.ts";

export type { Source } from "../../core/resources/source.ts";

/** A token of the door: the last part of a source's URL. */
export interface DoorToken {
  readonly text: string;
  /** SHA-256 of the text, 32 bytes. */
  readonly sha256: Uint8Array;
}

/** A token of the door with the time at which it ends. */
export interface KnownDoorToken {
  readonly text: string;
  /** Null for the current token. An older token is valid until this time. */
  readonly expiresAt: number | null;
}

/** The source that a token belongs to. */
export interface SourceOfToken {
  readonly source: Source;
  readonly expiresAt: number | null;
}

/**
 * `taken`: another source has the uid. `gone`: the source does not exist. In both cases nothing was
 * stored.
 */
export type SourceUpdate = { readonly before: Source; readonly after: Source } | "taken" | "gone";

/** Limits how often the token of a source may be replaced. */
export interface RotationLimit {
  /** Maximum number of rotations after `since`. */
  readonly rotationsMax: number;
  readonly since: number;
}

/** `limited`: the limit is reached. `gone`: the source does not exist. Nothing was stored then. */
export type TokenRotation = "rotated" | "limited" | "gone";

/** A request that a source has refused, or stored although it failed its check. */
export interface SourceLogEntry {
  readonly seq: Seq;
  readonly sourceSeq: Seq;
  /** The status of the response. */
  readonly status: number;
  readonly cause: LogCause;
  /** A sentence for the operator. */
  readonly errorText: string;
  readonly method: string;
  /** The suffix and the query, without the token. */
  readonly path: string;
  /** The address of the sender. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The start of the body. */
  readonly payload: Uint8Array;
  readonly createdAt: number;
}

/** Maximum number of entries in the log of one source. */
export const sourceLogEntriesMax = 1000;
