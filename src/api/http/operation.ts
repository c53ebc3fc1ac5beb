import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { Capability } from "../../core/capability.ts";
import type { ScopeName } from "../../core/scope.ts";
import type { IdempotencyEntry, IdempotentResponse } from "../../store/index.ts";
import type { Identity } from "../identity/identity.ts";
import type { Reply } from "./reply.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Who may call an operation. `public`: everybody, without a token. `application`: all tokens, those
 * of one application for what belongs to it. `environment`: only tokens for a whole environment.
 * `root`: only the root token.
 */
export type Access = "public" | "application" | "environment" | "root";

/** A response as the OpenAPI document describes it. */
export interface DocumentedResponse {
  readonly description: string;
  /** Absent if there is no body. */
  readonly schema?: TSchema;
  readonly example?: unknown;
  /** Defaults to `application/json`. */
  readonly contentType?: string;
}

type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** A request that was authenticated, parsed and validated. */
export interface Call<Param extends string = string, Query = unknown, Body = unknown> {
  readonly request: Request;
  readonly identity: Identity;
  /** Decoded. */
  readonly params: Readonly<Record<Param, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The bytes of `body`. */
  readonly bytes: Uint8Array;
  /** For operations with `repeat`, which store it in the same commit as their change. */
  readonly idempotency: IdempotencyEntry | null;
}

/** An operation of the API: address, rights, schemas, documentation and handler. */
export interface Operation {
  /** Unique; the `operationId` in the OpenAPI document. */
  readonly id: string;
  readonly method: Method;
  /** Parameters are written `:name`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /**
   * The capability that an application's token needs. Defaults to `ViewBase` for reading and
   * `ManageEndpoint` for changes.
   */
  readonly capability?: Capability;
  /**
   * The scopes that a token with scopes needs, all of them. Defaults to the scope that follows from
   * `id` and `method`.
   */
  readonly scopes?: readonly ScopeName[];
  /** The path parameter that selects the environment. Other operations use a header. */
  readonly environmentIn?: string;
  /** False if the audit log omits it although it is not a GET. */
  readonly audited?: false;
  readonly query?: TObject;
  readonly body?: TSchema;
  /** An empty body means `{}`. */
  readonly bodyOptional?: true;
  readonly bodyExample?: unknown;
  readonly responses: Readonly<Record<number, DocumentedResponse>>;
  /** Statuses of client errors besides those that follow from access, parameters and body. */
  readonly problems: readonly number[];
  /** Omitted from the OpenAPI document. */
  readonly hidden?: true;
  /**
   * For an operation that stores the idempotency key in the same commit as its change: returns the
   * first response again, or null if it is no longer known. The responses of other POSTs are stored
   * as text.
   */
  readonly repeat?: (answer: IdempotentResponse, query: unknown) => Promise<Reply | null>;
  handle(call: Call<never, never, never>): Reply | Response | Promise<Reply | Response>;
}

interface Typed<Path extends string, Q extends TObject, B extends TSchema> extends Omit<Operation, "handle"> {
  readonly path: Path;
  readonly query?: Q;
  readonly body?: B;
  handle(call: Call<ParamName<Path>, Static<Q>, Static<B>>): Reply | Response | Promise<Reply | Response>;
}

/** Infers the types of the handler's parameters from path, query and body. */
// biome-ignore lint/complexity/noBannedTypes: an operation without query parameters has no properties to offer
export function operation<const Path extends string, Q extends TObject = TObject<{}>, B extends TSchema = TSchema>(
  typed: Typed<Path, Q, B>,
): Operation {
  return typed as unknown as Operation;
}
