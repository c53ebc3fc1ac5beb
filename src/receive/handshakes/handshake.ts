/** The input of handshakes, and the replies that several of them send. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { DoorReply, Handshake, ReceivedRequest } from "../receiver.ts";

/** A request that may be a handshake. */
export interface HandshakeInput extends ReceivedRequest {
  /** Returns the body as JSON, or undefined if it is not valid JSON. */
  json(): unknown;
  /** Returns a field of the form in the body, or null. */
  field(name: string): string | null;
  /** The parameters of the query. */
  readonly parameters: URLSearchParams;
}

/** The configuration of a source, as far as handshakes need it. */
export interface HandshakeSource {
  /** The configured secrets, the newest first. */
  readonly secrets: readonly string[];
  /** The URL as registered with the sender. */
  readonly url: string;
  /** Whether the source still waits for the secret that the handshake brings. */
  readonly awaitsSecret: boolean;
  /** Returns another field of the configuration, such as `verifyToken`, or null. */
  readonly option: (name: string) => string | null;
}

export interface HandshakeRule {
  /** The methods of the handshake, in upper case. */
  readonly methods: readonly string[];
  /** The request and the reply in one sentence, for the list of providers. */
  readonly description: string;
  /** Returns null unless the request has exactly the form of the handshake. */
  answer(input: HandshakeInput, source: HandshakeSource): Handshake | null;
  /**
   * Returns whether the signed text of a request is one that this handshake signs for anyone. Its
   * signature then proves nothing.
   */
  signsForAnyone?(input: HandshakeInput): boolean;
}

/** Real challenges have at most some hundred characters. */
const challengeCharsMax = 4096;
/** The characters of real challenges that are signed. No text in JSON has only these. */
export const signedChallenge = /^[A-Za-z0-9\-_=+/.]{1,256}$/;
const printable = /^[^\p{Cc}]+$/u;

/** Returns a query parameter that can be echoed, or null. */
export function challengeParameter({ query, parameters }: HandshakeInput, name: string): string | null {
  return query === "" ? null : challengeOf(parameters.get(name));
}

/** Returns a value that can be echoed, or null: a text without control characters, of limited length. */
export function challengeOf(value: unknown): string | null {
  if (typeof value !== "string" || value.length > challengeCharsMax) return null;
  return printable.test(value) && value.isWellFormed() ? value : null;
}

/**
 * The bodies of real handshakes have some thousand bytes. Larger ones are not parsed, because the
 * request was not verified yet and parsing takes long.
 */
const bodyBytesMax = 64 * 1024;

/** Returns the body of a handshake as JSON, or undefined if it is not valid JSON or too large. */
export function jsonBody(input: HandshakeInput): unknown {
  return input.body.byteLength > bodyBytesMax ? undefined : input.json();
}

/** Returns the body if it is a JSON object, otherwise null. */
export function objectBody(input: HandshakeInput): Readonly<Record<string, unknown>> | null {
  return objectOf(jsonBody(input));
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;
}

/** Compares texts in constant time. */
export function isSame(text: string, expected: string | null): boolean {
  if (expected === null || expected === "") return false;
  const hash = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(hash(text), hash(expected));
}

/** A reply without a body. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): DoorReply {
  return { status, headers, body: "" };
}

/**
 * A reply that repeats what the sender has sent. The headers keep browsers from treating the value
 * as HTML.
 */
export function textReply(body: string): DoorReply {
  return { status: 200, headers: { "content-type": "text/plain", ...noSniff }, body };
}

export function jsonReply(value: unknown, headers: Readonly<Record<string, string>> = {}): DoorReply {
  return {
    status: 200,
    headers: { "content-type": "application/json", ...noSniff, ...headers },
    body: JSON.stringify(value),
  };
}

const noSniff = { "x-content-type-options": "nosniff" };

/** The handshake of a sender that cannot be authenticated. */
export function unsigned(reply: DoorReply): Handshake {
  return { reply, isSigned: false };
}

/** A handshake that is answered only if the request passes its check. */
export function signed(reply: DoorReply): Handshake {
  return { reply, isSigned: true };
}

/** A reply that depends on a secret, for a source that has none. */
export function withoutSecret(): Handshake {
  return { reply: emptyReply(401), isSigned: false, refused: "unknown_key" };
}
