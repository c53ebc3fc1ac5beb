import { awsPython } from "../../../scripts/test-servers/aws-python.ts";
import { freePort } from "../free-port.ts";
import { soon } from "../soon.ts";

/** The Python with moto, or null where it cannot be had. */
export const motoPython = await awsPython();
if (motoPython === null) console.log("moto is missing (it needs Python and PyPI): the tests with it are skipped");

const START_MS = 60_000;
const REGION = "us-east-1";
const ACCOUNT = "123456789012";

/** A user of a moto server with a key for requests that it checks. */
export interface Moto extends AsyncDisposable {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Returns the URL of a queue for an endpoint or a source. */
  urlOf(queue: string, accessKeyId?: string, secretAccessKey?: string): string;
}

/**
 * Starts moto with one user, who may do everything, and one queue. From then on, moto refuses requests
 * whose signature is wrong.
 */
export async function startMoto(queue: string): Promise<Moto> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const steps: ReadonlyArray<readonly [service: string, form: Readonly<Record<string, string>>]> = [
    ["iam", { Action: "CreateUser", UserName: "boathook", Version: "2010-05-08" }],
    ["iam", { Action: "PutUserPolicy", UserName: "boathook", PolicyName: "all", PolicyDocument: POLICY }],
    ["sqs", { Action: "CreateQueue", QueueName: queue, Version: "2012-11-05" }],
    ["iam", { Action: "CreateAccessKey", UserName: "boathook", Version: "2010-05-08" }],
  ];
  const child = Bun.spawn([motoPython!, "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    env: { INITIAL_NO_AUTH_ACTION_COUNT: String(steps.length), PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "ignore", "ignore"],
  });
  await soon(
    () => fetch(`${url}/moto-api/`).then(({ status }) => status, String),
    (status) => status === 200,
    START_MS,
  );
  let created = "";
  for (const [service, form] of steps) created = await call(url, service, form);
  const [, accessKeyId = ""] = /<AccessKeyId>(.*?)</.exec(created) ?? [];
  const [, secretAccessKey = ""] = /<SecretAccessKey>(.*?)</.exec(created) ?? [];
  return {
    ...{ url, accessKeyId, secretAccessKey },
    urlOf: (name, id = accessKeyId, secret = secretAccessKey) =>
      `sqs://${id}:${encodeURIComponent(secret)}@${REGION}/${ACCOUNT}/${name}?endpoint=${encodeURIComponent(url)}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

async function call(url: string, service: string, form: Readonly<Record<string, string>>): Promise<string> {
  const scope = `mock/20260101/${REGION}/${service}/aws4_request`;
  const response = await fetch(url, {
    method: "POST",
    headers: { Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${form.Action}: ${text}`);
  return text;
}
