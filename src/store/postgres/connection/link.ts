import type { ReservedSQL } from "bun";
import type { Bindings, Parameter } from "./parameters.ts";
import type { Result } from "./queries.ts";
import type { ServerProcess } from "./server-process.ts";
import type { StatementTimeout } from "./statement-timeout.ts";

/** A connection from when it is opened until it is lost. */
export interface Link {
  readonly opening: Promise<ReservedSQL>;
  process: ServerProcess | null;
  /** The statements without a result, in groups that were begun together. Stays empty without a pooler. */
  readonly statements: Set<readonly string[]>;
  /** The timeouts that this process has set. */
  readonly timeouts: StatementTimeout[];
  /** Whether it can be used. Until then, the limits of its opening apply. */
  isOpen: boolean;
  /** Whether it was given up. */
  isLost: boolean;
  /** Whether it was given up because it did not respond. */
  isSilent: boolean;
}

export function linkOf(opening: Promise<ReservedSQL>): Link {
  return {
    ...{ opening, process: null, statements: new Set(), timeouts: [] },
    ...{ isOpen: false, isLost: false, isSilent: false },
  };
}

/** A connection that is taken for several statements. They fail after the connection is lost. */
export interface Taken {
  run(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result>;
  /** Runs a statement in a transaction that commands begin. */
  together(commands: readonly string[], sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result>;
  /** To be called in a long transaction: through a pooler, only a transaction has a process of the server. */
  identify(): Promise<void>;
  /** Gives the connection back, or closes it. */
  end(how: "release" | "close"): void;
}
