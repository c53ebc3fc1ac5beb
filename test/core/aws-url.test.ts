import { describe, expect, test } from "bun:test";
import { parseLambdaUrl, parseSqsUrl } from "../../src/core/aws-url.ts";

const sqs = (text: string) => parseSqsUrl(new URL(text));
const lambda = (text: string) => parseLambdaUrl(new URL(text));

describe("the URL of a queue of SQS", () => {
  test("the URL of a queue names the queue, the region and the server of AWS", () => {
    const queue = sqs("sqs://eu-central-1/123456789012/orders");
    expect(queue).toMatchObject({
      ...{ region: "eu-central-1", name: "orders", isFifo: false, credentials: null },
      queueUrl: "https://sqs.eu-central-1.amazonaws.com/123456789012/orders",
    });
    expect((queue as { requestUrl: URL }).requestUrl.href).toBe("https://sqs.eu-central-1.amazonaws.com/");
  });

  test("the URL of a queue has percent-encoded keys as user and password", () => {
    expect(sqs("sqs://AKIDEXAMPLE:a%2Fb%2Bc@us-east-1/1/q")).toMatchObject({
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a/b+c", sessionToken: null },
    });
  });

  test("the URL of a queue can name another server, whose URL has a path", () => {
    const endpoint = encodeURIComponent("http://127.0.0.1:9324/sqs/");
    const queue = sqs(`sqs://elasticmq/000000000000/orders.fifo?endpoint=${endpoint}`);
    expect(queue).toMatchObject({ queueUrl: "http://127.0.0.1:9324/sqs/000000000000/orders.fifo", isFifo: true });
    expect((queue as { requestUrl: URL }).requestUrl.href).toBe("http://127.0.0.1:9324/sqs/");
  });

  test.each([
    ["sqs://eu-central-1/orders", "The URL of a queue is"],
    ["sqs://eu-central-1/1/orders/more", "The URL of a queue is"],
    ["sqs://eu-central-1/1/or%20ders", "The URL of a queue is"],
    ["sqs:///1/orders", "The URL of a queue is"],
    ["sqs://eu-central-1:80/1/orders", "neither a port nor a fragment"],
    ["sqs://eu-central-1/1/orders#a", "neither a port nor a fragment"],
    ["sqs://eu-central-1/1/orders?a=1", "`a` of the URL is unknown"],
    ["sqs://eu-central-1/1/orders?endpoint=http://a&endpoint=http://b", "more than once"],
    ["sqs://eu-central-1/1/orders?endpoint=ftp://a", "`endpoint` must be an http or https URL"],
    ["sqs://eu-central-1/1/orders?endpoint=http://u:p@a", "`endpoint` must be an http or https URL"],
    ["sqs://KEY@eu-central-1/1/orders", "Credentials are"],
    ["sqs://KEY:%zz@eu-central-1/1/orders", "Credentials are"],
    ["sqs://a%0Ab:c@eu-central-1/1/orders", "Credentials are"],
  ])("the URL %s of an SQS queue is refused", (text, problem) => {
    expect(sqs(text)).toContain(problem);
  });
});

describe("the URL of a function of Lambda", () => {
  test("the URL of a function names the function and its qualifier", () => {
    const plain = lambda("lambda://eu-central-1/resize");
    expect(plain).toMatchObject({ region: "eu-central-1", invocation: "event", credentials: null });
    expect((plain as { requestUrl: URL }).requestUrl.href).toBe(
      "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/resize/invocations",
    );
    const qualified = lambda("lambda://eu-central-1/resize:$LATEST?invocation=request");
    expect(qualified).toMatchObject({ invocation: "request" });
    expect((qualified as { requestUrl: URL }).requestUrl.search).toBe("?Qualifier=%24LATEST");
  });

  test.each([
    ["lambda://eu-central-1/", "The URL of a function is"],
    ["lambda://eu-central-1/a/b", "The URL of a function is"],
    ["lambda://eu-central-1/a:b:c", "The URL of a function is"],
    ["lambda://eu-central-1/a?invocation=dry", "`invocation` must be"],
    ["lambda://eu-central-1/a?invoke=event", "`invoke` of the URL is unknown"],
  ])("the URL %s of a Lambda function is refused", (text, problem) => {
    expect(lambda(text)).toContain(problem);
  });
});
