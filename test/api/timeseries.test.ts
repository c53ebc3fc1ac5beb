import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const DAY_MS = 86_400_000;
const ago = (ms: number) => encodeURIComponent(new Date(Date.now() - ms).toISOString());
const inbox = (status = 200) => `${server.url}/inbox/${freshUid("inbox")}?status=${status}`;

type Point = Record<"accepted" | "attempts" | "failed" | "delivered" | "dead", number> & {
  readonly p95Ms: number | null;
};

async function pointsOf(query: string): Promise<readonly Point[]> {
  const { status, json, text } = await send("GET", `/stats/timeseries?${query}`);
  if (status !== 200) throw new Error(`${query}: ${status} ${text}`);
  return json.data;
}

function sums(points: readonly Point[]) {
  const sum = (name: keyof Omit<Point, "p95Ms">) => points.reduce((total, point) => total + point[name], 0);
  return {
    ...{ accepted: sum("accepted"), attempts: sum("attempts"), failed: sum("failed") },
    ...{ delivered: sum("delivered"), dead: sum("dead") },
  };
}

describe("counts over time", () => {
  test("messages, attempts and dead letters of an application and its endpoints are counted", async () => {
    const app = await makeApplication(send);
    const [good, bad] = [await makeEndpoint(send, app, inbox()), await makeEndpoint(send, app, inbox(500))];
    for (let i = 0; i < 3; i++) await attemptsOf(send, app, await sendMessage(send, app), 2);
    const expected = { accepted: 3, attempts: 6, failed: 3, delivered: 3, dead: 3 };
    expect(sums(await pointsOf(`app_id=${app}`))).toEqual(expected);
    expect(sums(await pointsOf(`app_id=${app}&endpoint_id=${good}`))).toEqual({
      ...{ accepted: 0, attempts: 3, failed: 0, delivered: 3, dead: 0 },
    });
    const ofBad = await pointsOf(`app_id=${app}&endpoint_id=${bad}&step=1d`);
    expect(sums(ofBad)).toEqual({ accepted: 0, attempts: 3, failed: 3, delivered: 0, dead: 3 });
    expect(ofBad.at(-1)?.p95Ms).toBeGreaterThan(0);
  });

  test("the total adds up all periods, with percentiles of all attempts", async () => {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, inbox(500));
    for (let i = 0; i < 2; i++) await attemptsOf(send, app, await sendMessage(send, app), 1);
    const { total, data } = (await send("GET", `/stats/timeseries?app_id=${app}`)).json;
    expect(total).toMatchObject({ accepted: 2, attempts: 2, failed: 2, delivered: 0, dead: 2 });
    expect(total.startAt).toBe(data[0].startAt);
    expect(total.p50Ms).toBeGreaterThan(0);
  });

  test("a period of minutes has one entry per minute, and periods without traffic have zeros", async () => {
    const points = await pointsOf(`step=1m&since=${ago(3_600_000)}`);
    expect([61, 62]).toContain(points.length);
    expect(points[0]).toMatchObject({
      accepted: 0,
      attempts: 0,
      failed: 0,
      delivered: 0,
      dead: 0,
      p50Ms: null,
      p95Ms: null,
    });
  });

  test("the default is one entry per hour of the last day", async () => {
    expect([25, 26]).toContain((await pointsOf("")).length);
  });

  test("another environment's traffic is not counted", async () => {
    await sendMessage(send, await makeApplication(send));
    const token = await server.createToken("--environment=elsewhere");
    const { json } = await send("GET", "/stats/timeseries", undefined, { token });
    expect(sums(json.data)).toEqual({ accepted: 0, attempts: 0, failed: 0, delivered: 0, dead: 0 });
  });

  const REFUSED: readonly (readonly [query: string, status: number, text: string])[] = [
    ["step=2m", 400, "expected one of 1m, 5m, 15m, 1h, 6h, 1d"],
    ["since=yesterday", 400, "expected an instant"],
    [`since=${ago(0)}&until=${ago(DAY_MS)}`, 422, "Must be before `until`."],
    [`step=1m&since=${ago(4 * DAY_MS)}`, 422, "within the last 3 days"],
    [`since=${ago(90 * DAY_MS)}`, 422, "use a longer step"],
    ["endpoint_id=ep", 422, "This field is required with `endpoint_id`."],
    ["app_id=nobody", 404, "Application not found"],
  ];
  for (const [query, status, text] of REFUSED) {
    test(`the query ${query.replaceAll(/\d{4}-\d\d.*?Z/g, "…")} is refused with ${status}: ${text}`, async () => {
      const answer = await send("GET", `/stats/timeseries?${query}`);
      expect(answer.status).toBe(status);
      expect(answer.text).toContain(text);
    });
  }

  test("minutes of an application are refused with 422, because only hours are stored", async () => {
    const app = await makeApplication(send);
    const answer = await send("GET", `/stats/timeseries?app_id=${app}&step=1m`);
    expect(answer).toMatchObject({ status: 422 });
    expect(answer.text).toContain("Must be at least 1h");
  });

  test("90 days are one request with a step of 6 hours", async () => {
    expect([361, 362]).toContain((await pointsOf(`step=6h&since=${ago(90 * DAY_MS)}`)).length);
  });

  test("80 days with a step of one hour include the counts of the current hour", async () => {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, inbox());
    await attemptsOf(send, app, await sendMessage(send, app), 1);
    const points = await pointsOf(`app_id=${app}&since=${ago(80 * DAY_MS)}`);
    expect([1921, 1922]).toContain(points.length);
    expect(sums(points)).toEqual({ accepted: 1, attempts: 1, failed: 0, delivered: 1, dead: 0 });
  });

  test("an application token gets 403", async () => {
    const token = await server.createToken(`--app=${await makeApplication(send)}`);
    expect((await send("GET", "/stats/timeseries", undefined, { token })).status).toBe(403);
  });
});
