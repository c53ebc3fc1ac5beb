/** The URL of a PostgreSQL database, with the parameters of libpq that matter here. */

const MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
type Mode = (typeof MODES)[number];

const PORT = 5432;
const CONNECT_SECONDS = 10;

export interface DatabaseAt {
  readonly options: Bun.SQL.PostgresOrMySQLOptions;
  /** The address for messages, without user and password. */
  readonly place: string;
}

/** The URL is invalid. The message is one sentence that contains no part of the URL. */
export class DatabaseUrlInvalid extends Error {
  override readonly name = "DatabaseUrlInvalid";
}

/** What a URL does not contain. */
export interface UrlDefaults {
  readonly user: string;
  readonly password: string;
  /** Reads a file with certificates of authorities. */
  readFile(path: string): Promise<string>;
}

/**
 * Returns the options of a connection. All are given, so that no variable of the environment changes
 * them. Throws `DatabaseUrlInvalid`.
 */
export async function databaseAt(text: string, defaults: UrlDefaults): Promise<DatabaseAt> {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new DatabaseUrlInvalid("The database must be a URL such as postgres://user@127.0.0.1:5432/shop.");
  }
  const {
    sslmode,
    sslrootcert,
    host: socket,
    user: named,
    port: numbered,
    ...unknown
  } = Object.fromEntries(url.searchParams);
  if (Object.keys(unknown).length > 0) {
    throw new DatabaseUrlInvalid(
      "The URL of the database has a parameter other than host, port, user, sslmode and sslrootcert.",
    );
  }
  const mode = modeOf(sslmode);
  const user = decoded(url.username) || named || defaults.user;
  const database = decoded(url.pathname.slice(1)) || user;
  const port = Number(url.port || numbered) || PORT;
  const path = socket === undefined ? null : `${socket}/.s.PGSQL.${port}`;
  return {
    place: `${path === null ? `${url.hostname || "127.0.0.1"}:${port}` : socket}/${database}`,
    options: {
      ...{ adapter: "postgres", username: user, password: decoded(url.password) || defaults.password, database },
      ...(path === null ? { hostname: url.hostname.replace(/^\[|\]$/g, "") || "127.0.0.1", port } : { path }),
      ...(path === null && { tls: await tlsOf(mode, sslrootcert, defaults) }),
      // Without named statements, the connection may pass through PgBouncer.
      ...{ prepare: false, max: 1, connectionTimeout: CONNECT_SECONDS },
    },
  };
}

function modeOf(text = "prefer"): Mode {
  const mode = MODES.find((one) => one === text);
  if (mode !== undefined) return mode;
  throw new DatabaseUrlInvalid(`The parameter sslmode of the database's URL must be one of ${MODES.join(", ")}.`);
}

async function tlsOf(mode: Mode, file: string | undefined, { readFile }: UrlDefaults) {
  if (file === undefined || mode === "disable") return mode;
  const ca = await readFile(file).catch((error: Error) => {
    throw new DatabaseUrlInvalid(`The file of sslrootcert cannot be read (${error.message}).`);
  });
  // As in libpq, certificates are checked in each mode if there are some to check them with.
  return mode === "verify-full" ? { ca } : { ca, checkServerIdentity: () => undefined };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DatabaseUrlInvalid("The user, the password or the name in the database's URL is not percent-encoded.");
  }
}
