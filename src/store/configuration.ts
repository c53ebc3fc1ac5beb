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

/** What people have set up: environments, applications, event types, endpoints, tokens, and who changed them. */
export interface Configuration {
  readonly environments: {
    list(): Promise<readonly Environment[]>;
    get(seq: Seq): Promise<Environment | null>;
    named(name: string): Promise<Environment | null>;
    page(page: PageRequest): Promise<PageOf<Environment>>;
    /** Makes it unless the name exists; returns the one that is there. */
    ensure(environment: Pick<Environment, "seq" | "name" | "createdAt">): Promise<Environment>;
    /** False: the name is taken; nothing was stored. */
    create(environment: Environment): Promise<boolean>;
    /** False: the name is taken; nothing was stored. */
    rename(seq: Seq, name: string, updatedAt: number): Promise<boolean>;
    /** Deletes it with everything in it; frees the name. Pending deliveries are left to `bury`. Says what this commit has deleted. */
    delete(seq: Seq, deletedAt: number): Promise<DeletedWithEnvironment>;
  };

  readonly applications: {
    find(environmentSeq: Seq, key: Key): Promise<Application | null>;
    get(seq: Seq): Promise<Application | null>;
    list(environmentSeq: Seq, page: PageRequest, exclude?: ApplicationExclusion | null): Promise<PageOf<Application>>;
    /** False: the uid is taken; nothing was stored. */
    create(application: Application): Promise<boolean>;
    /**
     * Lays what `change` returns over the application as it is in this commit, so that no concurrent change is lost; `seq`,
     * `environmentSeq` and `createdAt` stay. Rethrows what `change` throws, and may call it more than once.
     */
    update(seq: Seq, change: (before: Application) => Partial<Application>): Promise<ApplicationUpdate>;
    /** Deletes it with its endpoints; frees the uid. Their pending deliveries are left to `bury`. Returns the endpoints that this
     * commit has deleted. */
    delete(seq: Seq, deletedAt: number): Promise<readonly Seq[]>;
    /** Also when deleted or hidden: its history is still told. */
    known(seq: Seq): Promise<Application | null>;
    /** The hidden applications, at most one an environment, whose endpoints get the operational webhooks. `find` and `list` pass
     * them over. */
    operational(): Promise<readonly Application[]>;
    /** The hidden application of an environment; null when it never had one. */
    operationalOf(environmentSeq: Seq): Promise<Application | null>;
    /** Makes it the hidden application of its environment unless there is one; returns the one that is there. */
    ensureOperational(application: Application): Promise<Application>;
  };

  readonly eventTypes: {
    get(environmentSeq: Seq, name: string): Promise<EventType | null>;
    /** By name, ascending; `from` is the exclusive start. */
    list(
      environmentSeq: Seq,
      page: {
        limit: number;
        from: string | null;
        backwards: boolean;
        includeArchived: boolean;
        /** Leaves out those that have feature flags but none of these; null or absent = shows all. */
        featureFlags?: readonly string[] | null;
      },
    ): Promise<PageOf<EventType>>;
    /** Of these names, those that do not exist, are archived, or have flags but none of `featureFlags`; null = flags do not matter. */
    unknown(
      environmentSeq: Seq,
      names: readonly string[],
      featureFlags: readonly string[] | null,
    ): Promise<readonly string[]>;
    /** False: an event type with this name exists; nothing was stored. */
    create(eventType: EventType): Promise<boolean>;
    /**
     * Applies `change` to the event type as it is in this commit, so that no concurrent change is lost; `seq`, name,
     * environment and `createdAt` stay. Rethrows what `change` throws, and may call it more than once.
     */
    update(
      environmentSeq: Seq,
      name: string,
      change: (before: EventType) => Partial<EventType>,
    ): Promise<EventTypeUpdate>;
    /** Creates `eventType` or, if its name exists, updates that event type with `change`. Returns what is stored. */
    put(eventType: EventType, change: (before: EventType) => Partial<EventType>): Promise<EventType>;
    expunge(environmentSeq: Seq, name: string): Promise<void>;
  };

  readonly endpoints: {
    find(applicationSeq: Seq, key: Key): Promise<Endpoint | null>;
    /** Also when deleted: its history is still shown. */
    get(seq: Seq): Promise<KnownEndpoint | null>;
    list(applicationSeq: Seq, page: PageRequest): Promise<PageOf<Endpoint>>;
    /** Those that an application has or ever had, deleted ones included, in the order they were made. */
    ever(applicationSeq: Seq): Promise<readonly Seq[]>;
    /** Every endpoint of an application that is neither disabled nor deleted: what `accept` matches against. */
    active(applicationSeq: Seq): Promise<readonly Endpoint[]>;
    /** False: the uid is taken; nothing was stored. */
    create(endpoint: Endpoint, secret: string): Promise<boolean>;
    /** Lays what `change` returns over the endpoint as it is in this commit, so that no other change of it is lost; `seq`, `applicationSeq`
     * and `createdAt` stay. What `change` throws is thrown, and it may be called more than once. Re-enabling is the caller
     * setting `disabled: false, failingSince: null`. A change of `ordering` re-sorts what waits. */
    update(seq: Seq, change: (before: Endpoint) => Partial<Endpoint>): Promise<EndpointUpdate>;
    delete(seq: Seq, deletedAt: number): Promise<void>;
    /** Current key first, then those that have not expired at `now`. */
    secrets(seq: Seq, now: number): Promise<readonly EndpointSecret[]>;
    /** Makes `secret` the current key; the one before signs on until `oldExpiresAt`. False: more than ten old keys are
     * still valid; nothing was changed. */
    rotateSecret(seq: Seq, secret: string, now: number, oldExpiresAt: number): Promise<boolean>;
  };

  readonly tokens: {
    create(token: Token, sha256: Uint8Array): Promise<void>;
    /** Whatever its state: expiry and revocation are the caller's to judge. */
    withHash(sha256: Uint8Array): Promise<Token | null>;
    list(): Promise<readonly Token[]>;
    get(environmentSeq: Seq, seq: Seq): Promise<Token | null>;
    page(filter: TokenFilter, page: PageRequest): Promise<PageOf<Token>>;
    /** Only what is given. */
    change(seq: Seq, change: Partial<Pick<Token, "name" | "scopes">>): Promise<void>;
    revoke(seq: Seq, now: number): Promise<boolean>;
    /** Ends it at this instant, unless it ends earlier by itself. */
    end(seq: Seq, endsAt: number): Promise<void>;
    endOfApplication(end: TokenEnd): Promise<void>;
    /** When a JWT of this application that was issued then was told to end; null = it was not. */
    jwtEnd(applicationSeq: Seq, issuedAt: number): Promise<number | null>;
  };

  /** Who changed what. An entry is stored before its change begins and completed after it, so no crash loses it. */
  readonly audit: {
    begin(entry: AuditEntry): Promise<void>;
    /** Stores the entry in its present state, whether or not it was begun. */
    end(entry: AuditEntry): Promise<void>;
    /** Deletes an entry that was begun: nothing was changed. */
    drop(seq: Seq): Promise<void>;
    /** Newest first. */
    list(environmentSeq: Seq, window: TimeWindow, page: PageRequest): Promise<PageOf<AuditEntry>>;
  };
}
