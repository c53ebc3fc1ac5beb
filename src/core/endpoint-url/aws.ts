import { type LambdaFunction, parseLambdaUrl, parseSqsUrl, type SqsQueue } from "../aws-url.ts";
import type { UrlScheme } from "./scheme.ts";

type Parse = (url: URL) => SqsQueue | LambdaFunction | string;

/** Returns the rules for URLs of a service of AWS. The user and the password are keys that sign requests. */
function schemeOf(name: string, receiver: string, parse: Parse): UrlScheme {
  const parsed = (url: URL) => {
    const resource = parse(url);
    return typeof resource === "string" ? null : resource;
  };
  return {
    names: [name],
    hasHost: true,
    problem(url) {
      const resource = parse(url);
      return typeof resource === "string" ? resource : null;
    },
    clearTextProblem: (url) =>
      parsed(url)?.requestUrl.protocol === "https:" ? null : "`endpoint` must be an https URL.",
    credentialsProblem: (url) =>
      parsed(url)?.credentials === null
        ? `The URL must contain keys: \`${name}://KEY_ID:SECRET@…\`. The server has none for it (setting aws-credentials).`
        : null,
    remoteHost: (url) => parsed(url)?.requestUrl.hostname ?? null,
    unsupported({ batch, auth, tls }, url) {
      if (batch !== null) return { field: "batch", msg: `${receiver} gets each message alone. Remove \`batch\`.` };
      if (auth !== null) {
        return { field: "auth", msg: "Requests to AWS are signed with the keys in the URL. Remove `auth`." };
      }
      const isEncrypted = parsed(url)?.requestUrl.protocol === "https:";
      return tls === null || isEncrypted
        ? null
        : { field: "tls", msg: "`tls` needs an `endpoint` that is an https URL." };
    },
    credentialParams: ["endpoint"],
    // The owner of the keys has permitted the requests.
    isChallenged: false,
  };
}

/** `sqs`: messages in a queue of Amazon SQS. */
export const sqsScheme: UrlScheme = schemeOf("sqs", "A queue", parseSqsUrl);

/** `lambda`: invocations of a function of AWS Lambda. */
export const lambdaScheme: UrlScheme = schemeOf("lambda", "A function", parseLambdaUrl);
