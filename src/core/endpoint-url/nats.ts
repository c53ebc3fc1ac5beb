import { decoded, extraPartProblem, unsupportedByBroker } from "./parts.ts";
import { hostOfUrl, type UrlScheme } from "./scheme.ts";

const SUBJECT_BYTES_MAX = 255;
const PARAMS = ["tls"];
/** Matches a subject: tokens between dots, without wildcards, white space and control characters. */
const SUBJECT = /^[^\s.*>\p{Cc}]+(?:\.[^\s.*>\p{Cc}]+)*$/u;
/** Matches a subject in which a token can be `*`, and the last one `>`. */
const SUBJECTS = /^(?:(?:\*|[^\s.*>\p{Cc}]+)\.)*(?:\*|>|[^\s.*>\p{Cc}]+)$/u;

/** What the URL of a NATS server names. */
export interface NatsUrl {
  readonly port: number;
  /** A user with a password, or a token. Null if the URL contains neither. */
  readonly login: { readonly user: string; readonly password: string } | { readonly token: string } | null;
  readonly isEncrypted: boolean;
}

/** `nats`: messages are published to a stream of JetStream. The path is the subject. */
export const natsScheme: UrlScheme = {
  names: ["nats"],
  hasHost: true,
  problem(url) {
    const problem = natsUrlProblem(url) ?? extraPartProblem(url, PARAMS);
    return problem ?? subjectProblem(decoded(url.pathname.slice(1)) ?? "", { hasWildcards: false });
  },
  clearTextProblem: (url) => (natsUrl(url).isEncrypted ? null : "Must have `tls=true`."),
  remoteHost: hostOfUrl,
  unsupported: (endpoint, url) => unsupportedByBroker(endpoint, natsUrl(url).isEncrypted, "`tls=true` in the URL"),
  credentialParams: PARAMS,
  hasTokens: true,
  isChallenged: false,
};

/** Returns the error in the parts of a URL that name the server, or null. */
export function natsUrlProblem({ username, password, searchParams }: URL): string | null {
  if (decoded(username) === null || decoded(password) === null) return "The URL contains an invalid percent escape.";
  if (username === "" && password !== "") return "The URL has a password without a user.";
  const tls = searchParams.get("tls") ?? "false";
  return tls === "true" || tls === "false" ? null : "The parameter tls is `true` or `false`.";
}

/** Returns the error in the subject of a URL, or null. */
export function subjectProblem(subject: string, { hasWildcards }: { readonly hasWildcards: boolean }): string | null {
  if (subject === "") return "The path of the URL must be a subject, such as `/orders.new`.";
  // Messages with these subjects are commands to the server.
  if (subject.startsWith("$")) return "A subject that begins with `$` belongs to the server.";
  if (Buffer.byteLength(subject) > SUBJECT_BYTES_MAX) return `A subject has at most ${SUBJECT_BYTES_MAX} bytes.`;
  if ((hasWildcards ? SUBJECTS : SUBJECT).test(subject)) return null;
  return `A subject is a list of names with dots between them, without spaces${hasWildcards ? "" : " and wildcards"}.`;
}

/** Returns the parts of a valid URL that name the server. */
export function natsUrl({ port, username, password, searchParams }: URL): NatsUrl {
  const user = decoded(username)!;
  const login = password === "" ? { token: user } : { user, password: decoded(password)! };
  return {
    port: port === "" ? 4222 : Number(port),
    login: user === "" ? null : login,
    isEncrypted: searchParams.get("tls") === "true",
  };
}

/** Returns the subject of a valid URL. */
export function natsSubject({ pathname }: URL): string {
  return decoded(pathname.slice(1))!;
}
