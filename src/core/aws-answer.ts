import type { Answer } from "../ports.ts";
import { isSuccess } from "./outcome.ts";
import { errorText } from "./protocol-answer.ts";

/** An error of an AWS service. */
interface AwsError {
  /** Such as `QueueDoesNotExist`. Empty if the response names none. */
  readonly code: string;
  readonly message: string;
}

/** Codes of errors that mean "too many requests". */
const THROTTLING = /^(?:Throttl|TooManyRequests|RequestThrottled|RequestLimitExceeded|KMSThrottling|SlowDown)/;
const UTF8 = new TextDecoder();

/**
 * Returns the error in the headers and the body of a response. The body is JSON, or XML from servers of
 * the older protocol.
 */
function awsErrorOf(body: Uint8Array, headers: string): AwsError {
  const text = UTF8.decode(body);
  if (text.trimStart().startsWith("<")) return { code: elementOf(text, "Code"), message: elementOf(text, "Message") };
  const json = jsonObjectOf(text);
  const type = headerOf(headers, "x-amzn-errortype") ?? textOf(json.__type) ?? textOf(json.code) ?? "";
  // A namespace may precede the code (`com.amazonaws.sqs#`), and a URL may follow it.
  const code = type.slice(type.lastIndexOf("#") + 1).split(":", 1)[0]!;
  return { code, message: textOf(json.message) ?? textOf(json.Message) ?? "" };
}

/** Returns the status that attempts show for a refused request: 429 for every kind of throttling. */
function awsStatusOf(status: number, { code }: AwsError): number {
  return status === 429 || status === 503 || THROTTLING.test(code) ? 429 : status;
}

/**
 * Returns the answer of an AWS service as attempts store it. The text of an error begins with its code.
 * The headers are left out, because those of the request authenticate it.
 */
export function awsAnswer(answer: Answer): Answer {
  if (answer.kind !== "response") return answer.kind === "failure" ? withoutHeaders(answer) : answer;
  const { status, body, headers } = answer;
  if (isSuccess(status)) return withoutHeaders(answer);
  const error = awsErrorOf(body, headers?.response ?? "");
  const shown = error.code === "" ? body : Buffer.from(errorText(error.code, error.message));
  return { ...withoutHeaders(answer), status: awsStatusOf(status, error), body: shown };
}

function withoutHeaders<A extends Answer>({ headers: _, ...answer }: A): Omit<A, "headers"> {
  return answer;
}

/** Returns the value of a header in header lines, or null. `name` must be in lower case. */
export function headerOf(lines: string, name: string): string | null {
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return null;
}

/** Returns the text of the first element with this name, or an empty text. */
function elementOf(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}

function jsonObjectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
