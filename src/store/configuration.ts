import type { Seq } from "../core/id.ts";
import type { SourceCounts } from "../core/received.ts";
import type {
  ActiveEndpoint,
  Application,
  ApplicationExclusion,
  ApplicationSearch,
  ApplicationUpdate,
  AuditEntry,
  AuditFilter,
  AuditTarget,
  AuditTargets,
  ChallengedEndpoint,
  DeletedWithEnvironment,
  DoorToken,
  Endpoint,
  EndpointSecret,
  EndpointUpdate,
  Environment,
  EventType,
  EventTypeUpdate,
  FilterCheck,
  Key,
  KnownDoorToken,
  KnownEndpoint,
  PageOf,
  PageRequest,
  PayloadVersion,
  RotationLimit,
  Session,
  SessionFilter,
  Source,
  SourceOfToken,
  SourceUpdate,
  TimeWindow,
  Token,
  TokenEnd,
  TokenFilter,
  TokenRotation,
} from "./records/index.ts";

/**
 * Stores the configuration: environments, applications, event types, endpoints, sources, tokens and
 * the audit log.
 */
export interface Configuration {
  readonly environments: {
    list(): Promise<readonly Environment[]>;
    get(seq: Seq): Promise<Environment | null>;
    named(name: string): Promise<Environment | null>;
    page(page: PageRequest): Promise<PageOf<Environment>>;
    /**
     * Creates an environment unless the name is taken. Returns the stored environment with this
     * name.
     */
    ensure(environment: Pick<Environment, "seq" | "name" | "createdAt">): Promise<Environment>;
    /** Returns false and stores nothing if the name is taken. */
    create(environment: Environment): Promise<boolean>;
    /** Returns false and stores nothing if the name is taken. */
    rename(seq: Seq, name: string, updatedAt: number): Promise<boolean>;
    /**
     * Pauses or resumes the deliveries of an environment. An environment that is already paused
     * keeps its `pausedAt`. Returns the stored environment, or null if it does not exist.
     */
    setPaused(seq: Seq, isPaused: boolean, now: number): Promise<Environment | null>;
    /**
     * Deletes an environment with its applications, endpoints and sources, and frees its name.
     * `Queue.bury` ends the pending deliveries later. Returns the records that this commit has deleted.
     */
    delete(seq: Seq, deletedAt: number): Promise<DeletedWithEnvironment>;
  };

  readonly applications: {
    find(environmentSeq: Seq, key: Key): Promise<Application | null>;
    get(seq: Seq): Promise<Application | null>;
    /** Excludes hidden applications and those behind sources. */
    list(
      environmentSeq: Seq,
      page: PageRequest,
      exclude?: ApplicationExclusion | null,
      search?: ApplicationSearch | null,
    ): Promise<PageOf<Application>>;
    /** Returns false and stores nothing if the uid is taken. */
    create(application: Application): Promise<boolean>;
    /**
     * Applies `change` to the application. The change is applied to the stored application within
     * the commit, so no concurrent change is lost. `seq`, `environmentSeq` and `createdAt` never
     * change. Rejects with the error that `change` throws. `change` may be called more than once.
     */
    update(seq: Seq, change: (before: Application) => Partial<Application>): Promise<ApplicationUpdate>;
    /**
     * Deletes an application with its endpoints, and frees its uid. `Queue.bury` ends the pending
     * deliveries later. Returns the endpoints that this commit has deleted.
     */
    delete(seq: Seq, deletedAt: number): Promise<readonly Seq[]>;
    /**
     * Finds an application like `get`, but also finds deleted and hidden ones, whose history can
     * still be listed.
     */
    known(seq: Seq): Promise<Application | null>;
    /**
     * Lists the hidden applications, at most one per environment. Their endpoints receive the
     * operational webhooks. `find` and `list` skip hidden applications.
     */
    operational(): Promise<readonly Application[]>;
    /** Returns the hidden application of an environment, or null if none was ever created. */
    operationalOf(environmentSeq: Seq): Promise<Application | null>;
    /**
     * Creates the hidden application of an environment unless it exists. Returns the stored hidden
     * application.
     */
    ensureOperational(application: Application): Promise<Application>;
  };

  readonly eventTypes: {
    get(environmentSeq: Seq, name: string): Promise<EventType | null>;
    /** Lists event types in order of name, ascending by default, starting after `from`. */
    list(
      environmentSeq: Seq,
      page: {
        limit: number;
        from: string | null;
        backwards: boolean;
        order?: PageRequest["order"];
        includeArchived: boolean;
        /**
         * Excludes event types whose feature flags include none of these. Event types without
         * feature flags are always listed. Null or absent lists all event types.
         */
        featureFlags?: readonly string[] | null;
      },
    ): Promise<PageOf<EventType>>;
    /**
     * Returns the names that are not valid event types: those that do not exist, are archived, or
     * have feature flags but none of `featureFlags`. If `featureFlags` is null, feature flags are
     * ignored.
     */
    unknown(
      environmentSeq: Seq,
      names: readonly string[],
      featureFlags: readonly string[] | null,
    ): Promise<readonly string[]>;
    /** Returns false and stores nothing if the name is taken. */
    create(eventType: EventType): Promise<boolean>;
    /**
     * Changes an event type like `applications.update`. `seq`, `name`, `environmentSeq` and
     * `createdAt` never change.
     */
    update(
      environmentSeq: Seq,
      name: string,
      change: (before: EventType) => Partial<EventType>,
    ): Promise<EventTypeUpdate>;
    /**
     * Creates `eventType`. If an event type with its name exists, updates that one with `change`
     * instead. Returns the stored event type.
     */
    put(eventType: EventType, change: (before: EventType) => Partial<EventType>): Promise<EventType>;
    expunge(environmentSeq: Seq, name: string): Promise<void>;
  };

  readonly payloadVersions: {
    /** Lists the versions of an environment, newest first, deleted ones included. */
    all(environmentSeq: Seq): Promise<readonly PayloadVersion[]>;
    /**
     * Creates a version. `taken`: one with this name exists. `full`: the environment has
     * `versionsMax` versions, deleted ones included. In both cases nothing is stored. Deleted versions
     * that no stored message needs are removed first. `nextSeq` is called in the commit: all messages
     * with a greater number are committed after the version.
     */
    create(
      version: Omit<PayloadVersion, "seq">,
      nextSeq: () => Seq,
      versionsMax: number,
    ): Promise<PayloadVersion | "taken" | "full">;
    /** Changes a version like `applications.update`. Returns null if it does not exist. */
    update(
      environmentSeq: Seq,
      version: string,
      change: (before: PayloadVersion) => Partial<PayloadVersion>,
    ): Promise<PayloadVersion | null>;
    /** Counts the endpoints that are pinned to a version. */
    usage(environmentSeq: Seq, version: string): Promise<number>;
    /** Marks a version as deleted, unless endpoints are pinned to it. `nextSeq` is used as by `create`. */
    delete(environmentSeq: Seq, version: string, nextSeq: () => Seq): Promise<"deleted" | "in use" | "gone">;
  };

  readonly endpoints: {
    find(applicationSeq: Seq, key: Key): Promise<Endpoint | null>;
    /** Finds an endpoint, even if it was deleted, because its history can still be listed. */
    get(seq: Seq): Promise<KnownEndpoint | null>;
    list(applicationSeq: Seq, page: PageRequest): Promise<PageOf<Endpoint>>;
    /** Lists all endpoints of an application, including deleted ones, in order of creation. */
    ever(applicationSeq: Seq): Promise<readonly Seq[]>;
    /**
     * Returns the endpoints that are neither disabled nor deleted. The endpoints that receive a new
     * message are chosen from these.
     */
    active(applicationSeq: Seq): Promise<readonly ActiveEndpoint[]>;
    /**
     * Creates an endpoint. Returns false if its uid is taken, `full` if the application already has
     * `endpointsMax` endpoints, and `no version` if its payload version does not exist. In these cases
     * nothing is stored. If `endpointsMax` is absent, there is no limit. If the endpoint has a filter,
     * throws what `checkFilters` throws.
     */
    create(
      endpoint: Endpoint,
      secret: string,
      endpointsMax?: number,
      checkFilters?: FilterCheck,
    ): Promise<boolean | "full" | "no version">;
    /**
     * Changes an endpoint like `applications.update`. `seq`, `applicationSeq` and `createdAt` never
     * change. To enable an endpoint, set `disabled: false` and `failingSince: null`. A change of
     * `ordering` sorts the pending deliveries again. If the endpoint gets another filter, throws what
     * `checkFilters` throws.
     */
    update(
      seq: Seq,
      change: (before: Endpoint) => Partial<Endpoint>,
      checkFilters?: FilterCheck,
    ): Promise<EndpointUpdate>;
    delete(seq: Seq, deletedAt: number): Promise<void>;
    /**
     * Returns the enabled endpoints with a next try of their challenge, the earliest first, at most
     * `limit`. Leaves out those of the applications `except`.
     */
    challenged(limit: number, except: readonly Seq[]): Promise<readonly ChallengedEndpoint[]>;
    /** Returns the current secret, followed by the older secrets that have not expired at `now`. */
    secrets(seq: Seq, now: number): Promise<readonly EndpointSecret[]>;
    /**
     * Makes `secret` the current secret. The previous secret signs until `oldExpiresAt`. Returns
     * false and changes nothing if ten old secrets are still valid.
     */
    rotateSecret(seq: Seq, secret: string, now: number, oldExpiresAt: number): Promise<boolean>;
  };

  /**
   * Inbound senders. Behind each source stands an application with the same name, to which its
   * messages belong. `applications.find` finds it by its number.
   */
  readonly sources: {
    find(environmentSeq: Seq, key: Key): Promise<Source | null>;
    get(seq: Seq): Promise<Source | null>;
    /** Returns the source that an application stands behind. */
    ofApplication(applicationSeq: Seq): Promise<Source | null>;
    list(environmentSeq: Seq, page: PageRequest): Promise<PageOf<Source>>;
    /** Lists all sources of a provider, of all environments. */
    ofProvider(provider: string): Promise<readonly Source[]>;
    /**
     * Creates a source with the application behind it and its first token. A source without a URL
     * has no token (null). Returns false and stores nothing if the uid is taken.
     */
    create(source: Source, application: Application, token: DoorToken | null): Promise<boolean>;
    /**
     * Changes a source like `applications.update`. `seq`, `environmentSeq`, `applicationSeq`, `type`,
     * `provider`, `lastRunAt` and `createdAt` never change. The application behind the source gets
     * its name.
     */
    update(seq: Seq, change: (before: Source) => Partial<Source>): Promise<SourceUpdate>;
    /**
     * Deletes a source with its tokens, and the application behind it with its endpoints. Frees the
     * uid. `Queue.bury` ends the pending deliveries later, and `prune` deletes the log. Returns the
     * endpoints that this commit has deleted.
     */
    delete(seq: Seq, deletedAt: number): Promise<readonly Seq[]>;
    /** Finds the source of a token that has not expired at `now`. */
    withToken(sha256: Uint8Array, now: number): Promise<SourceOfToken | null>;
    /** Returns the current token, followed by the older tokens that have not expired at `now`. */
    tokens(seq: Seq, now: number): Promise<readonly KnownDoorToken[]>;
    /**
     * Makes `token` the current token. All older tokens expire at `oldExpiresAt`, unless they expire
     * earlier. Changes nothing if `limit` is reached; null means no limit.
     */
    rotateToken(
      seq: Seq,
      token: DoorToken,
      at: { readonly now: number; readonly oldExpiresAt: number; readonly limit: RotationLimit | null },
    ): Promise<TokenRotation>;
    /** Stores the time of the latest run of a source. An earlier time changes nothing. */
    setLastRun(seq: Seq, at: number): Promise<void>;
    /** Returns how many requests `count` has added. Zero for a source that does not exist. */
    counts(seq: Seq): Promise<SourceCounts>;
    /** Adds requests to the counts of several sources. Skips sources that do not exist. */
    count(added: ReadonlyMap<Seq, SourceCounts>): Promise<void>;
  };

  readonly tokens: {
    create(token: Token, sha256: Uint8Array): Promise<void>;
    /** Finds a token, even if it is expired or revoked. The caller checks expiry and revocation. */
    withHash(sha256: Uint8Array): Promise<Token | null>;
    list(): Promise<readonly Token[]>;
    get(environmentSeq: Seq, seq: Seq): Promise<Token | null>;
    /** A page can be short or empty although there are more tokens. */
    page(filter: TokenFilter, page: PageRequest): Promise<PageOf<Token>>;
    /** Changes only the given fields. */
    change(seq: Seq, change: Partial<Pick<Token, "name" | "scopes">>): Promise<void>;
    /** Returns false if the token does not exist or is already revoked. */
    revoke(seq: Seq, now: number): Promise<boolean>;
    /** Makes a token expire at `endsAt`, unless it expires earlier. */
    end(seq: Seq, endsAt: number): Promise<void>;
    /** Stores the time of the latest use. An earlier time changes nothing. */
    use(seq: Seq, now: number): Promise<void>;
    endOfApplication(end: TokenEnd): Promise<void>;
    /**
     * Returns the time at which an application's JWTs issued at `issuedAt` expire because of
     * `endOfApplication`. Returns null if it has not ended these JWTs.
     */
    jwtEnd(applicationSeq: Seq, issuedAt: number): Promise<number | null>;
  };

  /** Logins with a browser. */
  readonly sessions: {
    /**
     * Stores a session. If its owner already has `ownedMax` sessions, those that were used least
     * recently are deleted. `sha256` is the hash of the session's secret.
     */
    create(session: Session, sha256: Uint8Array, ownedMax: number): Promise<void>;
    /**
     * Finds a session that has not ended at `now`. It has ended if it or its stored token expired,
     * if the token was revoked, or after `sessionIdleMs` without use.
     */
    withHash(sha256: Uint8Array, now: number): Promise<Session | null>;
    get(seq: Seq): Promise<Session | null>;
    list(filter: SessionFilter, page: PageRequest): Promise<PageOf<Session>>;
    /** Stores the time of the latest use. An earlier time changes nothing. */
    use(seq: Seq, now: number): Promise<void>;
    /** Deletes a session. Returns false if it does not exist. */
    end(seq: Seq): Promise<boolean>;
    /**
     * Deletes the sessions of root tokens, except those of the token with the hash `except`. Returns
     * how many there were.
     */
    endOfRoot(except: Uint8Array | null): Promise<number>;
  };

  /**
   * The audit log: who changed what. An entry is stored before its change begins and completed
   * after the change, so a crash loses no entry.
   */
  readonly audit: {
    begin(entry: AuditEntry): Promise<void>;
    /** Stores a completed entry, whether or not `begin` has stored it before. */
    end(entry: AuditEntry): Promise<void>;
    /** Deletes an entry whose change was not made. */
    drop(seq: Seq): Promise<void>;
    /** Lists entries, newest first. With a filter, a page can be short or empty although there are more. */
    list(environmentSeq: Seq, window: TimeWindow, page: PageRequest, filter?: AuditFilter): Promise<PageOf<AuditEntry>>;
    /** Returns the names of records, including deleted ones, by their numbers. Skips those of other environments. */
    targets(environmentSeq: Seq, of: AuditTargets): Promise<ReadonlyMap<Seq, AuditTarget>>;
  };
}
