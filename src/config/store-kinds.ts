import { isWellFormedDatabaseUrl } from "../core/database-url.ts";
import { maskPassword } from "../core/url-password.ts";
import { type Kind, stringOnly } from "./kinds.ts";

/** The value of `store` for a database in the data directory. */
export const SQLITE = "sqlite";

/** Where the data is: in the data directory, or in a PostgreSQL database. */
export const storeLocation: Kind<string> = {
  label: "store",
  expected: "sqlite, or postgres://user:password@host:port/database",
  parse(text) {
    if (text === SQLITE) return text;
    const url = URL.parse(text);
    if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol) || url.hostname === "") return null;
    if (!isWellFormedDatabaseUrl(url)) return null;
    // A password among the parameters would be shown, because only that before the host is masked.
    if ([...url.searchParams.keys()].some((name) => /password/i.test(name))) return null;
    return /^\/[^/]+$/.test(url.pathname) && url.hash === "" && url.port !== "0" ? text : null;
  },
  fromToml: stringOnly,
  format: maskPassword,
};
