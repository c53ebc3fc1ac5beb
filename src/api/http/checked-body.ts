import { type TSchema, Type } from "@sinclair/typebox";
import { Invalid } from "../../core/problem.ts";
import { type Checking, parseJson, parseJsonAround } from "./body.ts";
import type { Operation } from "./operation.ts";
import { checker, findingsOf, knownFieldsOf } from "./schema.ts";
import { strictBody, unknownKeys } from "./unknown-keys.ts";

/** The body schema of bulk operations whose body has no fields. */
const noFields = Type.Object({});

/** A body that matches its schema. */
export interface CheckedBody {
  /** The declared fields of the body. */
  readonly value: unknown;
  /** Undeclared keys of the body. */
  readonly ignored: readonly string[];
}

/** Returns the schema of an operation's body, or null if the operation ignores the body. */
export function bodySchemaOf({ body, strict, method }: Operation): TSchema | null {
  return body ?? (strict && method === "POST" ? noFields : null);
}

/** Size from which the parts of a body that the operation does not read are not parsed, in bytes. */
const PARTIAL_BYTES_MIN = 128 * 1024;

/** Returns whether a body of an operation with `unreadParts` is so large that they are not parsed. */
export function isPartlyRead(bytes: Uint8Array): boolean {
  return bytes.length >= PARTIAL_BYTES_MIN;
}

/** The inputs of the check of a body. */
type BodyRules = Pick<Operation, "strict" | "bodyOptional">;

/** Parses a body. Throws 422 if it is not valid JSON or does not match the schema. */
export function checkedBody(operation: BodyRules, schema: TSchema, bytes: Uint8Array): CheckedBody {
  const isEmpty = bytes.length === 0 && (operation.bodyOptional || schema === noFields);
  return checkedValue(operation, schema, isEmpty ? {} : parseJson(bytes));
}

/** Parses a large body like `checkedBody`, except for the parts that the operation does not read. */
export async function checkedLargeBody(
  operation: Operation,
  schema: TSchema,
  bytes: Uint8Array,
  checking: Checking,
): Promise<CheckedBody> {
  if (!isPartlyRead(bytes)) return checkedBody(operation, schema, bytes);
  const unread = operation.unreadParts?.(bytes) ?? [];
  return checkedValue(operation, schema, await parseJsonAround(bytes, unread, checking));
}

function checkedValue({ strict }: BodyRules, schema: TSchema, parsed: unknown): CheckedBody {
  const body = strict ? strictBody(schema, parsed) : parsed;
  if (!checker(schema).Check(body)) throw new Invalid(...findingsOf(schema, body, "body"));
  return { value: knownFieldsOf(schema, body), ignored: unknownKeys(schema, body) };
}
