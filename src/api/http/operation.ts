import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { Capability } from "../../core/capability.ts";
import type { ScopeName } from "../../core/scope.ts";
import type { IdempotencyEntry, IdempotentAnswer } from "../../store/index.ts";
import type { Identity } from "../identity/identity.ts";
import type { Reply } from "./reply.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Who may call. `public`: anybody, without a token. `application`: also the token of one application, for what is its
 * own. `environment`: only tokens of a whole environment. `root`: only the root token.
 */
export type Access = "public" | "application" | "environment" | "root";

/** A response as the OpenAPI document describes it. */
export interface DocumentedResponse {
  readonly description: string;
  /** Absent: no body. */
  readonly schema?: TSchema;
  readonly example?: unknown;
  /** `application/json` unless given. */
  readonly contentType?: string;
}

type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** One request that has been understood. */
export interface Call<Param extends string = string, Query = unknown, Body = unknown> {
  readonly request: Request;
  readonly identity: Identity;
  /** Decoded, as they stand in the path. */
  readonly params: Readonly<Record<Param, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The bytes that `body` was parsed from. */
  readonly bytes: Uint8Array;
  /** For operations that store it with what they do. */
  readonly idempotency: IdempotencyEntry | null;
}

/** One thing the API can do: address, rights, schemas and documentation in one place, and the code that does it. */
export interface Operation {
  /** Unique; the `operationId` of the document. */
  readonly id: string;
  readonly method: Method;
  /** With `:name` for parameters. */
  readonly path: string;
  readonly tag: string;
  /** A few words. */
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /**
   * What the token of an application must be able to do. Unless given: to read it needs `ViewBase`, to change anything
   * `ManageEndpoint`.
   */
  readonly capability?: Capability;
  /** What a token with scopes must have, all of them, unless it is the one that `id` and `method` tell. */
  readonly scopes?: readonly ScopeName[];
  /** The path parameter that chooses the environment, as the header does elsewhere. */
  readonly environmentIn?: string;
  /** False: it changes nothing that the audit log is about, although it is no GET. */
  readonly audited?: false;
  readonly query?: TObject;
  readonly body?: TSchema;
  /** No body at all is taken for `{}`. */
  readonly bodyOptional?: true;
  readonly bodyExample?: unknown;
  readonly responses: Readonly<Record<number, DocumentedResponse>>;
  /** Client errors beyond those that come from access, parameters and body: 400, 404, 409 … */
  readonly problems: readonly number[];
  /** Not in the document. */
  readonly hidden?: true;
  /**
   * Given: the operation stores the idempotency key itself, in the commit of what it does, and this repeats its answer;
   * null when there is nothing left to repeat. Otherwise POSTs have their answers kept as text.
   */
  readonly repeat?: (answer: IdempotentAnswer, query: unknown) => Promise<Reply | null>;
  handle(call: Call<never, never, never>): Reply | Response | Promise<Reply | Response>;
}

interface Typed<Path extends string, Q extends TObject, B extends TSchema> extends Omit<Operation, "handle"> {
  readonly path: Path;
  readonly query?: Q;
  readonly body?: B;
  handle(call: Call<ParamName<Path>, Static<Q>, Static<B>>): Reply | Response | Promise<Reply | Response>;
}

/** Ties the types of parameters, query and body to the handler. */
// biome-ignore lint/complexity/noBannedTypes: an operation without query parameters has no properties to offer
export function operation<const Path extends string, Q extends TObject = TObject<{}>, B extends TSchema = TSchema>(
  typed: Typed<Path, Q, B>,
): Operation {
  return typed as unknown as Operation;
}
