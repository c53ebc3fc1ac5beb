import type { IdCodec } from "../../core/id.ts";
import type { Store } from "../../store/index.ts";
import { findEnvironment, noEnvironment } from "./find-environment.ts";
import type { Identity } from "./identity.ts";

const CACHED_ENVIRONMENTS_MAX = 10_000;

/** The identity of the root token in each environment. Caches those that were used. */
export class RootIdentities {
  readonly #cached = new Map<string, Identity>();
  /** Incremented with every change, so that a value read before a change is not cached after it. */
  #changes = 0;

  constructor(
    private readonly store: Store,
    private readonly ids: IdCodec,
  ) {}

  /** Drops all cached identities. */
  forget(): void {
    this.#changes++;
    this.#cached.clear();
  }

  /** Returns the identity in an environment, which is given by name or id. Throws 404 if it does not exist. */
  in(environment: string): Identity | Promise<Identity> {
    return this.#cached.get(environment) ?? this.#read(environment);
  }

  async #read(environment: string): Promise<Identity> {
    const changes = this.#changes;
    const found = await findEnvironment(this.store, this.ids, environment);
    if (found === null) throw noEnvironment();
    const identity: Identity = {
      caller: `root ${this.ids.encode("org_", found.seq)}`,
      credential: { kind: "root" },
      environmentSeq: found.seq,
      applicationSeq: null,
      capabilities: null,
      scopes: null,
      featureFlags: null,
      root: true,
      readOnly: false,
    };
    if (changes === this.#changes && this.#cached.size < CACHED_ENVIRONMENTS_MAX)
      this.#cached.set(environment, identity);
    return identity;
  }
}
