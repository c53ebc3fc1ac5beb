import { createHmac } from "node:crypto";
import { BATCH, batchRequests, messageRequests, type RequestPlan } from "../request.ts";
import { runLoad, sendOnly } from "../run-load.ts";
import {
  alternate,
  BODY_BYTES,
  bareLoopLeg,
  compared,
  namedUrl,
  type Scenario,
  type ScenarioContext,
  serverLeg,
  warmAndLoad,
  withServer,
} from "../scenario.ts";
import { CONCURRENCY, createEndpoints } from "../subject.ts";
import { deliveredPerSecond } from "./one-endpoint.ts";

/** Scenarios about how messages come in. */

const BATCH_CONNECTIONS = 4;
const WARM_UP_SECONDS = 1;

export const idempotency: Scenario = {
  name: "idempotency",
  title: "the same with the idempotency header of the SDKs",
  preparation: null,
  async run(context) {
    const options = (token: string) => ({ requests: { headers: headersWithKey(token) } });
    const found = await alternate(context, {
      "bare loop": () => bareLoopLeg(context, options("none")),
      Boathook: () =>
        withServer(context, [], async ({ server, receiverUrl }) => {
          await createEndpoints(server, { url: namedUrl(receiverUrl) });
          return await warmAndLoad(context, server, receiverUrl, options(server.token));
        }),
    });
    return { figures: [deliveredPerSecond(found.Boathook, ["bare loop", found["bare loop"]], 0.9)] };
  },
};

function headersWithKey(token: string): RequestPlan["headers"] {
  return { ...messageRequests(token, BODY_BYTES).headers, "idempotency-key": "auto_1f1a7c3e-{n}" };
}

export const batchRoute: Scenario = {
  name: "batch-route",
  title: `batch route, ${BATCH.toLocaleString("en-US")} messages a call`,
  preparation: null,
  async run(context) {
    const found = await alternate(context, {
      "single route": () => acceptedLeg(context, messageRequests, 64),
      "batch route": () => acceptedLeg(context, batchRequests, BATCH_CONNECTIONS),
    });
    const others = ["single route", found["single route"]] as const;
    const figure = compared(["accepted", "/s"], found["batch route"], others, (perSecond) => perSecond, {
      ratioMin: 3,
    });
    return { figures: [figure] };
  },
};

/** Returns the accepted messages per second while an endpoint gets them. Does not wait for the rest. */
function acceptedLeg(
  context: ScenarioContext,
  requestsFor: typeof messageRequests,
  connections: number,
): Promise<number> {
  const { work, seconds } = context;
  return withServer(context, [], async ({ server, receiverUrl }) => {
    await createEndpoints(server, { url: namedUrl(receiverUrl) });
    const load = { requests: requestsFor(server.token, BODY_BYTES), connections };
    await runLoad(work, server, { ...load, receiverUrl, seconds: Math.min(WARM_UP_SECONDS, seconds) });
    const { accepted, seconds: took } = await sendOnly(work, server, { ...load, seconds });
    return accepted / took;
  });
}

const SOURCE_SECRET = "secret-of-the-bench";

export const receive: Scenario = {
  name: "receive",
  title: "receiving at a source: signature (HMAC) checked, duplicates recognized",
  preparation: null,
  async run(context) {
    const found = await alternate(context, {
      "message route": () => serverLeg(context),
      source: () => sourceLeg(context),
    });
    return { figures: [deliveredPerSecond(found.source, ["message route", found["message route"]], 0.9)] };
  },
};

/** Creates a source of GitHub's webhooks with one endpoint, and loads it. */
function sourceLeg(context: ScenarioContext) {
  return withServer(context, [], async ({ server, receiverUrl }) => {
    const source = { name: "bench", type: "github", config: { secret: SOURCE_SECRET } };
    const created = await server.call("POST", "/ingest/api/v1/source", source);
    const { appId, ingestUrl } = created as { readonly appId: string; readonly ingestUrl: string };
    const endpoint = { url: namedUrl(receiverUrl), concurrency: CONCURRENCY };
    await server.call("POST", `/api/v1/app/${appId}/endpoint`, endpoint);
    return await warmAndLoad(context, server, receiverUrl, { requests: signedRequests(ingestUrl) });
  });
}

/** Returns requests as GitHub sends them. They differ only in the id of the delivery, which is not signed. */
function signedRequests(ingestUrl: string): Partial<RequestPlan> {
  const body = JSON.stringify({ note: "x".repeat(BODY_BYTES - '{"note":""}'.length) });
  const mac = createHmac("sha256", SOURCE_SECRET).update(body).digest("hex");
  const headers = {
    accept: "*/*",
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/0000000",
    "x-github-event": "push",
    "x-github-delivery": "{n}",
    "x-hub-signature-256": `sha256=${mac}`,
  };
  return { path: new URL(ingestUrl).pathname, headers, body };
}
