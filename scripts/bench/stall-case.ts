import type { Database } from "bun:sqlite";
import type { TokenKind } from "./path.ts";
import type { Product } from "./product.ts";

/** An action of clients that may block the server or use its memory. */
export interface Case {
  /** The token of the requests in `run`, by default the root token. */
  readonly token?: TokenKind;
  /** Creates what the case needs, on a server that no other case uses. */
  readonly prepare?: (server: Product) => Promise<void>;
  /** Adds rows to the database while no server runs. */
  readonly fill?: (db: Database) => void;
  /** Returns a function that closes what the case has opened. */
  readonly run: (server: Product) => Promise<(() => void) | undefined>;
}
