import type { Seq } from "../core/id.ts";
import type {
  Application,
  ApplicationExclusion,
  ApplicationUpdate,
  AuditEntry,
  DeletedWithEnvironment,
  Endpoint,
  EndpointSecret,
  EndpointUpdate,
  Environment,
  EventType,
  EventTypeUpdate,
  Key,
  KnownEndpoint,
  PageOf,
  PageRequest,
  TimeWindow,
  Token,
  TokenEnd,
  TokenFilter,
} from "./index.ts";

/**
 * What users have set up: environments, applications, event types, endpoints and tokens, and who
 * changed them.
 */
export interface Configuration {
  readonly environments: {
    list(): Promise<readonly Environment[]>;
    get(seq: Seq): Promise<Environment | null>;
    named(name: string): Promise<Environment | null>;
    page(page: PageRequest): Promise<PageOf<Environment>>;
    /** Creates an environment unless the name exists. Returns the one with this name. */
    ensure(environment: Pick<Environment, "seq" | "name" | "createdAt">): Promise<Environment>;
    /** Returns false and stores nothing if the name is taken. */
    create(environment: Environment): Promise<boolean>;
    /** Returns false and stores nothing if the name is taken. */
    rename(seq: Seq, name: string, updatedAt: number): Promise<boolean>;
    /**
     * Deletes an environment with everything in it, and frees its name. Pending deliveries are left
     * to `Queue.bury`. Returns what this commit has deleted.
     */
    delete(seq: Seq, deletedAt: number): Promise<DeletedWithEnvironment>;
  };

  readonly applications: {
    find(environmentSeq: Seq, key: Key): Promise<Application | null>;
    get(seq: Seq): Promise<Application | null>;
    list(environmentSeq: Seq, page: PageRequest, exclude?: ApplicationExclusion | null): Promise<PageOf<Application>>;
    /** Returns false and stores nothing if the uid is taken. */
    create(application: Application): Promise<boolean>;
    /**
     * Applies `change` to the application as it is in this commit, so that no concurrent change is
     * lost. `seq`, `environmentSeq` and `createdAt` stay. Rejects with what `change` throws. `change`
     * may be called more than once.
     */
    update(seq: Seq, change: (before: Application) => Partial<Application>): Promise<ApplicationUpdate>;
    /**
     * Deletes an application with its endpoints, and frees its uid. Pending deliveries are left to
     * `Queue.bury`. Returns the endpoints that this commit has deleted.
     */
    delete(seq: Seq, deletedAt: number): Promise<readonly Seq[]>;
    /** Like `get`, but also finds deleted and hidden applications, whose history is still shown. */
    known(seq: Seq): Promise<Application | null>;
    /**
     * The hidden applications, at most one per environment. Their endpoints get the operational
     * webhooks. `find` and `list` skip them.
     */
    operational(): Promise<readonly Application[]>;
    /** The hidden application of an environment; null if it never had one. */
    operationalOf(environmentSeq: Seq): Promise<Application | null>;
    /**
     * Creates the hidden application of an environment unless there is one. Returns the one there
     * is.
     */
    ensureOperational(application: Application): Promise<Application>;
  };

  readonly eventTypes: {
    get(environmentSeq: Seq, name: string): Promise<EventType | null>;
    /** In order of name; `from` is the exclusive start. */
    list(
      environmentSeq: Seq,
      page: {
        limit: number;
        from: string | null;
        backwards: boolean;
        includeArchived: boolean;
        /**
         * Leaves out event types that have feature flags but none of these. Null or absent shows
         * all.
         */
        featureFlags?: readonly string[] | null;
      },
    ): Promise<PageOf<EventType>>;
    /**
     * Returns the names of event types that do not exist, are archived, or have feature flags but none
     * of `featureFlags`. Null ignores the flags.
     */
    unknown(
      environmentSeq: Seq,
      names: readonly string[],
      featureFlags: readonly string[] | null,
    ): Promise<readonly string[]>;
    /** Returns false and stores nothing if the name is taken. */
    create(eventType: EventType): Promise<boolean>;
    /** Like `applications.update`. `seq`, `name`, `environmentSeq` and `createdAt` stay. */
    update(
      environmentSeq: Seq,
      name: string,
      change: (before: EventType) => Partial<EventType>,
    ): Promise<EventTypeUpdate>;
    /**
     * Creates `eventType` or, if its name exists, updates that event type with `change`. Returns
     * what is stored.
     */
    put(eventType: EventType, change: (before: EventType) => Partial<EventType>): Promise<EventType>;
    expunge(environmentSeq: Seq, name: string): Promise<void>;
  };

  readonly endpoints: {
    find(applicationSeq: Seq, key: Key): Promise<Endpoint | null>;
    /** Also finds deleted endpoints, whose history is still shown. */
    get(seq: Seq): Promise<KnownEndpoint | null>;
    list(applicationSeq: Seq, page: PageRequest): Promise<PageOf<Endpoint>>;
    /** All endpoints that an application has or had, in order of creation. */
    ever(applicationSeq: Seq): Promise<readonly Seq[]>;
    /**
     * The endpoints that are neither disabled nor deleted: those that `Queue.accept` is called for.
     */
    active(applicationSeq: Seq): Promise<readonly Endpoint[]>;
    /** Returns false and stores nothing if the uid is taken. */
    create(endpoint: Endpoint, secret: string): Promise<boolean>;
    /**
     * Like `applications.update`. `seq`, `applicationSeq` and `createdAt` stay. To enable an endpoint,
     * set `disabled: false` and `failingSince: null`. A change of `ordering` sorts the pending
     * deliveries again.
     */
    update(seq: Seq, change: (before: Endpoint) => Partial<Endpoint>): Promise<EndpointUpdate>;
    delete(seq: Seq, deletedAt: number): Promise<void>;
    /** The current secret first, then those that have not expired at `now`. */
    secrets(seq: Seq, now: number): Promise<readonly EndpointSecret[]>;
    /**
     * Makes `secret` the current one. The previous one signs until `oldExpiresAt`. Returns false and
     * changes nothing if ten old secrets are still valid.
     */
    rotateSecret(seq: Seq, secret: string, now: number, oldExpiresAt: number): Promise<boolean>;
  };

  readonly tokens: {
    create(token: Token, sha256: Uint8Array): Promise<void>;
    /** Finds a token in any state. The caller checks expiry and revocation. */
    withHash(sha256: Uint8Array): Promise<Token | null>;
    list(): Promise<readonly Token[]>;
    get(environmentSeq: Seq, seq: Seq): Promise<Token | null>;
    page(filter: TokenFilter, page: PageRequest): Promise<PageOf<Token>>;
    /** Changes the given fields only. */
    change(seq: Seq, change: Partial<Pick<Token, "name" | "scopes">>): Promise<void>;
    /** Returns false if the token does not exist or is already revoked. */
    revoke(seq: Seq, now: number): Promise<boolean>;
    /** Makes a token expire at `endsAt`, unless it expires earlier. */
    end(seq: Seq, endsAt: number): Promise<void>;
    endOfApplication(end: TokenEnd): Promise<void>;
    /**
     * When the JWTs of an application that were issued at `issuedAt` end; null if they were not
     * ended.
     */
    jwtEnd(applicationSeq: Seq, issuedAt: number): Promise<number | null>;
  };

  /**
   * Who changed what. An entry is stored before its change begins and completed after it, so no
   * crash loses it.
   */
  readonly audit: {
    begin(entry: AuditEntry): Promise<void>;
    /** Stores the entry in its present state, whether or not it was begun. */
    end(entry: AuditEntry): Promise<void>;
    /** Deletes an entry that was begun but not completed: nothing was changed. */
    drop(seq: Seq): Promise<void>;
    /** Newest first. */
    list(environmentSeq: Seq, window: TimeWindow, page: PageRequest): Promise<PageOf<AuditEntry>>;
  };
}
