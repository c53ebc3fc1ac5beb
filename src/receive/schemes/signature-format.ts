import type { Cause } from "../receiver.ts";

/** How the value of a signature header is built. */
export type SignatureFormat =
  /** The encoded signature alone. */
  | { readonly kind: "bare" }
  /** A text before the signature, such as `sha256=`. `isList`: several, separated by commas. */
  | { readonly kind: "prefix"; readonly prefix: string; readonly isList?: boolean }
  /**
   * Pairs such as `t=1,v1=…`, separated by commas, semicolons or blanks. Pairs with other names are
   * ignored. `time` is the name of the pair with the time.
   */
  | { readonly kind: "pairs"; readonly signature: string; readonly time?: string }
  /** The time, then signatures, separated by commas. */
  | { readonly kind: "positional" }
  /** The algorithm comes first: `sha1=`, `sha256=`, `sha384=` or `sha512=`. */
  | { readonly kind: "algorithm" };

export type Algorithm = "sha1" | "sha256" | "sha384" | "sha512";

/** A signature in a request. */
export interface Candidate {
  /** The encoded signature. */
  readonly signature: string;
  /** The time in the same header, or null. */
  readonly time: string | null;
  /** The algorithm in the same header, or null. */
  readonly algorithm: Algorithm | null;
}

/** A header has one signature per active secret, so more of them are hostile. */
const CANDIDATES_MAX = 32;
const HEADER_CHARS_MAX = 8192;
const SEPARATOR = /[,; \t]+/;
const ALGORITHM = /^(sha1|sha256|sha384|sha512)=/;

/** Returns the signatures in a header's value, or why there are none. */
export function candidatesIn(value: string, format: SignatureFormat): readonly Candidate[] | Cause {
  if (value.length > HEADER_CHARS_MAX) return "malformed_signature";
  switch (format.kind) {
    case "bare":
      return [{ signature: value, time: null, algorithm: null }];
    case "prefix":
      return prefixed(value, format.prefix, format.isList ?? false);
    case "pairs":
      return paired(value, format);
    case "positional":
      return positioned(value);
    case "algorithm": {
      const algorithm = ALGORITHM.exec(value)?.[1] as Algorithm | undefined;
      if (algorithm === undefined) return "malformed_signature";
      return [{ signature: value.slice(algorithm.length + 1), time: null, algorithm }];
    }
  }
}

function prefixed(value: string, prefix: string, isList: boolean): readonly Candidate[] | Cause {
  if (!isList) {
    if (!value.startsWith(prefix)) return "malformed_signature";
    return [{ signature: value.slice(prefix.length), time: null, algorithm: null }];
  }
  const texts = value.split(SEPARATOR);
  const found = texts.filter((text) => text.startsWith(prefix));
  if (found.length === 0 || found.length > CANDIDATES_MAX) return "malformed_signature";
  return found.map((text) => ({ signature: text.slice(prefix.length), time: null, algorithm: null }));
}

function positioned(value: string): readonly Candidate[] | Cause {
  const [time, ...signatures] = value.split(",").map((text) => text.trim());
  if (signatures.length === 0 || signatures.length > CANDIDATES_MAX) return "malformed_signature";
  return signatures.map((signature) => ({ signature, time: time!, algorithm: null }));
}

/**
 * A signature belongs to the time before it, because senders repeat the pair of both while a secret
 * is rotated. A signature before the first time belongs to that.
 */
function paired(value: string, { signature, time }: SignatureFormat & { kind: "pairs" }): readonly Candidate[] | Cause {
  const found: { signature: string; time: string | null; algorithm: null }[] = [];
  let current: string | null = null;
  let hasPairs = false;
  for (const token of value.split(SEPARATOR)) {
    const equals = token.indexOf("=");
    if (equals < 1) continue;
    hasPairs = true;
    const name = token.slice(0, equals);
    if (name === signature) found.push({ signature: token.slice(equals + 1), time: current, algorithm: null });
    else if (name === time) {
      current = token.slice(equals + 1);
      for (const candidate of found) candidate.time ??= current;
    }
  }
  if (found.length > CANDIDATES_MAX) return "malformed_signature";
  if (found.length > 0) return found;
  return hasPairs ? "missing_signature" : "malformed_signature";
}

/** Returns the value of a signature header. */
export function formatSignature(format: SignatureFormat, signature: string, time: string, algorithm: string): string {
  switch (format.kind) {
    case "bare":
      return signature;
    case "prefix":
      return format.prefix + signature;
    case "positional":
      return `${time},${signature}`;
    case "algorithm":
      return `${algorithm}=${signature}`;
    case "pairs":
      return format.time === undefined
        ? `${format.signature}=${signature}`
        : `${format.time}=${time},${format.signature}=${signature}`;
  }
}
