import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { Capability } from "../../core/capability.ts";
import type { Seq } from "../../core/id.ts";
import type { ByteRange } from "../../core/json.ts";
import type { ScopeName } from "../../core/scope.ts";
import type { IdempotencyEntry, IdempotentResponse } from "../../store/index.ts";
import type { Admission } from "../identity/admission.ts";
import type { Identity } from "../identity/identity.ts";
import type { Reply } from "./reply.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Who may call an operation. `public`: everyone, without a token. `application`: all tokens; an
 * application's token only for its own application. `environment`: only tokens for a whole
 * environment. `root`: only the root token.
 */
export type Access = "public" | "application" | "environment" | "root";

/** A response in the OpenAPI document. */
export interface DocumentedResponse {
  readonly description: string;
  /** Absent if the response has no body. */
  readonly schema?: TSchema;
  readonly example?: unknown;
  /** The content type; `application/json` by default. */
  readonly contentType?: string;
}

type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** A request that has been authenticated, parsed and validated. */
export interface Call<Param extends string = string, Query = unknown, Body = unknown> {
  readonly request: Request;
  readonly identity: Identity;
  /** The decoded path parameters. */
  readonly params: Readonly<Record<Param, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The unparsed body. */
  readonly bytes: Uint8Array;
  /** Set for operations with `repeat`, which store the entry in the same commit as their change. */
  readonly idempotency: IdempotencyEntry | null;
  /** The caller's permission. It can end during the request only if the operation is `lasting`. */
  readonly admission: Admission;
  /** Time of `Tracer.now` at which the request began. Undefined if no spans are recorded. */
  readonly begunAt: number | undefined;
}

/** A request whose response is repeated. */
export interface RepeatedCall {
  readonly query: unknown;
  /** The application in the path. Null if there is none. */
  readonly applicationSeq: Seq | null;
}

/** An operation of the API: path, access, schemas, documentation and handler. */
export interface Operation {
  /** A unique id, which is the `operationId` in the OpenAPI document. */
  readonly id: string;
  readonly method: Method;
  /** The path, with parameters written as `:name`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /**
   * The capability that an application's token needs. The default is `ViewBase` for reading and
   * `ManageEndpoint` for changes.
   */
  readonly capability?: Capability;
  /**
   * The scopes that a token with scopes needs; it must have all of them. The default is derived
   * from `id` and `method`.
   */
  readonly scopes?: readonly ScopeName[];
  /** The path parameter that selects the environment. In other operations a header selects it. */
  readonly environmentIn?: string;
  /**
   * Whether a read-only token may call the operation: by default if it is a GET. `dryRun` means only
   * if `dryRun` in the body is true.
   */
  readonly readOnlyAccess?: boolean | "dryRun";
  /** False excludes the operation from the audit log although it is not a GET. */
  readonly audited?: false;
  readonly query?: TObject;
  readonly body?: TSchema;
  /** True if an empty body means `{}`. */
  readonly bodyOptional?: true;
  /**
   * Returns the ranges of the values in a large body that the operation keeps as bytes. They are not
   * parsed: in the body, objects and arrays at these ranges are empty.
   */
  readonly unreadParts?: (bytes: Uint8Array) => readonly ByteRange[];
  readonly bodyExample?: unknown;
  /** Returns the maximum size of the body for the setting `max-body`. By default it is that setting. */
  readonly bodyBytesMax?: (maxBodyBytes: number) => number;
  readonly responses: Readonly<Record<number, DocumentedResponse>>;
  /**
   * Statuses of client errors, in addition to those that follow from access, parameters and body.
   */
  readonly problems: readonly number[];
  /**
   * True for bulk operations: undeclared keys and parameters are rejected instead of ignored, and
   * both camelCase and snake_case are accepted.
   */
  readonly strict?: true;
  /** True for streams and long polls, which must end when their token ends. */
  readonly lasting?: true;
  /**
   * True if the operation upgrades the request to a WebSocket. The token may then be in a subprotocol,
   * because browsers cannot set a header. Sessions are not accepted, because any page can open a
   * WebSocket with the cookies of another site.
   */
  readonly upgrades?: true;
  /** False if the operation only documents a route that is served without the dispatcher. */
  readonly dispatched?: false;
  /** True if the operation lets its application go to another server. Others get 421 if it has gone. */
  readonly departs?: true;
  /** True excludes the operation from the OpenAPI document. */
  readonly hidden?: true;
  /**
   * For operations that store the idempotency key in the same commit as their change. Returns the
   * first response again, or null if its record no longer exists. For other POSTs, the response is
   * stored as text.
   */
  readonly repeat?: (answer: IdempotentResponse, call: RepeatedCall) => Promise<Reply | null>;
  handle(call: Call<never, never, never>): Reply | Response | Promise<Reply | Response>;
}

interface Typed<Path extends string, Q extends TObject, B extends TSchema> extends Omit<Operation, "handle"> {
  readonly path: Path;
  readonly query?: Q;
  readonly body?: B;
  handle(call: Call<ParamName<Path>, Static<Q>, Static<B>>): Reply | Response | Promise<Reply | Response>;
}

/**
 * Defines an operation. The types of the handler's parameters are inferred from path, query and
 * body.
 */
// biome-ignore lint/complexity/noBannedTypes: an operation without query parameters has no properties to offer
export function operation<const Path extends string, Q extends TObject = TObject<{}>, B extends TSchema = TSchema>(
  typed: Typed<Path, Q, B>,
): Operation {
  return typed as unknown as Operation;
}
