import { type Seq, seqAt } from "../core/id.ts";
import { invalid } from "../core/problem.ts";
import type { Received } from "../core/received.ts";
import type { Transformation } from "../core/resources/endpoint-transformation.ts";
import type { Endpoint } from "../store/index.ts";
import { requestBefore, senderHeaders } from "../targets/seen-message.ts";
import { type Shaped, shapedBy, transformationCall } from "../targets/shaped.ts";
import type { TargetMessage } from "../targets/target.ts";
import type { CommandContext } from "./context.ts";
import { changeEndpoint } from "./endpoints.ts";
import { runCode } from "./foreign-code.ts";
import {
  checkTransformation,
  meantTransformation,
  meantVariables,
  type TransformationPatch,
} from "./transformation-code.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "ids" | "facts" | "signals" | "challenges" | "sandbox">;
type Variables = Transformation["variables"];

const BODY = ["body"];
const CODE = [...BODY, "code"];

/**
 * Changes the transformation of an endpoint. Returns the endpoint afterwards. Throws 422 if the code
 * cannot be run or defines no `handler`, if a transformation without code is enabled, or if a variable
 * keeps a value that it does not have.
 */
export async function patchTransformation(
  parts: Parts,
  endpoint: Pick<Endpoint, "seq" | "applicationSeq" | "transformation">,
  patch: TransformationPatch,
): Promise<Endpoint> {
  await checkTransformation(parts, endpoint.applicationSeq, BODY, patch, endpoint.transformation);
  const updatedAt = parts.clock.now();
  return changeEndpoint(parts, endpoint.seq, ({ transformation }) => ({
    transformation: meantTransformation(patch, transformation, BODY, updatedAt),
  }));
}

/** A run of code on a message that sends and stores nothing. */
export interface Simulation {
  readonly endpoint: Pick<Endpoint, "applicationSeq" | "url" | "headers" | "transformation">;
  readonly code: string;
  readonly variables: Variables;
  readonly message: SimulatedMessage;
}

/** `received` is null unless a source received the message. Without `seq` the message is a new one. */
export interface SimulatedMessage
  extends Pick<TargetMessage, "payload" | "contentType" | "headers" | "eventType" | "channels" | "received"> {
  readonly seq?: Seq;
}

export interface Simulated {
  /** The request as the code saw it. For a received message, only the headers are of use. */
  readonly before: {
    readonly url: string;
    readonly method: "POST";
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly shaped: Exclude<Shaped, { readonly kind: "problem" }>;
  /** The lines that the code wrote with `console`. */
  readonly logs: readonly string[];
}

/** Runs code on a message. Throws 422 at `body.code` if the code fails or its result cannot be sent. */
export async function simulateTransformation(
  parts: Parts,
  { endpoint, code, variables, message }: Simulation,
  bodyBytesMax: number,
): Promise<Simulated> {
  const seen = { headers: endpoint.headers, url: new URL(endpoint.url) };
  const stored = endpoint.transformation?.variables ?? null;
  const active = { code, variables: (variables === null ? stored : meantVariables(variables, stored, BODY)) ?? {} };
  const now = parts.clock.now();
  const whole: TargetMessage = { seq: seqAt(now), ...message };
  const call = transformationCall(active, seen, whole, { now, ids: parts.ids });
  const result = await runCode(parts.sandbox, endpoint.applicationSeq, CODE, call);
  const shaped = shapedBy(result, whole, seen, bodyBytesMax);
  if (shaped.kind === "problem") throw invalid(CODE, shaped.detail);
  const before = requestBefore(seen, message);
  const headers = message.received === null ? before.headers : senderHeaders(message);
  return { before: { ...before, headers }, shaped, logs: result.logs };
}

/** How a message was received that only a simulation has. The code does not see this. */
export const SIMULATED: Received = {
  ...{ source: "", sourceSeq: 0, method: "POST", path: "/", state: "unattempted" },
  ...{ cause: null, redacted: [], reply: null },
};
