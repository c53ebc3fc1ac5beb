/** How the connection to a mail server is encrypted. `off` and `optional` may send in plain text. */
const smtpEncryptions = ["tls", "required", "optional", "off"] as const;

/** A mail server and the login there. */
export interface SmtpServer {
  /** Host name or IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Null if the server needs no login. */
  readonly login: { readonly user: string; readonly password: string } | null;
  /** `tls`: encrypted from the start. The others: what happens with STARTTLS. */
  readonly encryption: (typeof smtpEncryptions)[number];
}

const TLS_PORT = 465;
const SUBMISSION_PORT = 587;

/**
 * Parses `smtp://user:password@host:587?starttls=required` or `smtps://user:password@host:465`.
 * STARTTLS is required unless the URL says `optional` or `off`. Returns null if the text is
 * invalid.
 */
export function parseSmtpUrl(text: string): SmtpServer | null {
  if (!/^smtps?:\/\/[^\s]+$/i.test(text)) return null;
  const url = URL.parse(text);
  if (url === null || url.hostname === "" || !/^\/?$/.test(url.pathname) || url.hash !== "") return null;
  const isTls = url.protocol === "smtps:";
  const encryption = isTls ? "tls" : startTlsOf(url.searchParams);
  if (encryption === null || (isTls && url.search !== "")) return null;
  const login = loginOf(url);
  if (login === undefined) return null;
  const port = url.port === "" ? (isTls ? TLS_PORT : SUBMISSION_PORT) : Number(url.port);
  if (port === 0) return null;
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, login, encryption };
}

function startTlsOf(parameters: URLSearchParams): Exclude<SmtpServer["encryption"], "tls"> | null {
  const entries = [...parameters];
  if (entries.length === 0) return "required";
  const [name, value] = entries[0]!;
  if (entries.length > 1 || name !== "starttls") return null;
  return value === "required" || value === "optional" || value === "off" ? value : null;
}

/** Returns undefined if the user name or the password is missing or invalid. */
function loginOf(url: URL): SmtpServer["login"] | undefined {
  if (url.username === "" && url.password === "") return null;
  if (url.username === "" || url.password === "") return undefined;
  try {
    return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    return undefined;
  }
}
