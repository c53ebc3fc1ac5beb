import { headerOf } from "../core/aws-answer.ts";
import { type LambdaFunction, parseLambdaUrl } from "../core/aws-url.ts";
import { utf8OrNull } from "../core/text.ts";
import type { AwsService } from "./aws.ts";

/** The status of attempts whose function has failed. */
const FUNCTION_FAILED = 502;

/**
 * Invokes a function of AWS Lambda with each message. The input has the form of the requests of API
 * Gateway (payload version 2.0), so that code for API Gateway works unchanged.
 */
export const lambdaService: AwsService<LambdaFunction> = {
  name: "lambda",
  parse: parseLambdaUrl,
  request({ resource: { invocation }, message: { payload }, headers }) {
    const text = utf8OrNull(payload);
    const input = {
      version: "2.0",
      rawPath: "/",
      headers: Object.fromEntries([["content-type", headers.contentType], ...headers.others, ...headers.signature]),
      body: text ?? Buffer.from(payload).toString("base64"),
      isBase64Encoded: text === null,
      requestContext: { http: { method: "POST", path: "/" } },
    };
    return {
      headers: [
        ["Content-Type", "application/json"],
        ["X-Amz-Invocation-Type", invocation === "event" ? "Event" : "RequestResponse"],
      ],
      body: Buffer.from(JSON.stringify(input)),
    };
  },
  succeeded(answer) {
    const error = headerOf(answer.headers?.response ?? "", "x-amz-function-error");
    if (error === null) return answer;
    const body = Buffer.concat([Buffer.from(`${error}: `), answer.body]);
    return { ...answer, status: FUNCTION_FAILED, body };
  },
};
