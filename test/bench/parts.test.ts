import { expect, test } from "bun:test";
import { connectForLoad, endOfResponse } from "../../src/bench/client.ts";
import { Histogram } from "../../src/bench/histogram.ts";
import type { SizingFigures } from "../../src/bench/sizing.ts";
import { figureRows, sizingReport, sizingSentence } from "../../src/bench/sizing-report.ts";
import { guideText } from "../support/guide.ts";

const FIGURES: SizingFigures = {
  deliveredPerSecond: 12_345.6,
  cpuMicrosPerMessage: 61.4,
  mainThreadShare: 0.876,
  acceptP50Ms: 3.21,
  acceptP99Ms: 14.3,
  perSecond: 1000,
  arrivalP50Ms: 1.4,
  arrivalP99Ms: 9,
  memoryIdleBytes: 105e6,
  memoryPeakBytes: 265e6,
  storedBytesPerMessage: 890.2,
  writtenBytesPerMessage: 3945,
  messages: 57_322,
};

const LARGE = 20_000_000;

test("a percentile of a histogram is within 2 % of the exact one", () => {
  const histogram = new Histogram();
  for (let ms = 1000; ms >= 1; ms--) histogram.add(ms);
  for (const [share, exact] of [
    [0.5, 500],
    [0.99, 990],
    [1, 1000],
    [0.001, 1],
  ] as const) {
    expect(Math.abs(histogram.percentile(share)! / exact - 1)).toBeLessThan(0.02);
  }
});

test("a histogram without durations has no percentile, and negative durations count as none", () => {
  const histogram = new Histogram();
  expect(histogram.percentile(0.5)).toBeNull();
  histogram.add(-5);
  expect(histogram.percentile(0.5)).toBeLessThan(0.002);
});

test("the end of a response is found when its head and its body are complete", () => {
  const head = "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\n";
  expect(endOfResponse(head.slice(0, -1))).toBeNull();
  expect(endOfResponse(`${head}1234`)).toBeNull();
  expect(endOfResponse(`${head}12345`)).toBe(head.length + 5);
  expect(endOfResponse(`${head}12345HTTP/1.1 200 OK\r\n`)).toBe(head.length + 5);
  expect(endOfResponse("HTTP/1.1 204 No Content\r\n\r\n")).toBe(27);
});

test("a connection for load returns one status after another, and rejects when the server closes it", async () => {
  const statuses = [202, 429, 200];
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("text", { status: statuses.shift()! }),
  });
  const connection = await connectForLoad("127.0.0.1", server.port!);
  const request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
  for (const status of [...statuses]) expect(await connection.send(request)).toBe(status);
  await server.stop(true);
  await expect(connection.send(request)).rejects.toThrow();
});

test("a connection for load sends a request that is larger than the buffers of its socket", async () => {
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => new Response(null, { status: (await request.text()).length === LARGE ? 200 : 400 }),
  });
  const connection = await connectForLoad("127.0.0.1", server.port!);
  const request = `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${LARGE}\r\n\r\n${"x".repeat(LARGE)}`;
  for (let i = 0; i < 3; i++) expect(await connection.send(request)).toBe(200);
  connection.close();
});

test("the report of the sizing has each figure with its unit", () => {
  expect(sizingReport(FIGURES).split("\n")).toEqual([
    "delivered webhooks per second                       12,346",
    "CPU time of the server per webhook                  61 µs",
    "main thread of the server                           88 % of a core",
    "response of the API, median and 99th percentile     3.2, 14.3 ms",
    "at 1,000/s: sent until arrived, median and 99th     1.4, 9.0 ms",
    "memory of the server, idle and at most              105 MB, 265 MB",
    "stored per message                                  890 bytes",
    "written to the disk per message                     3,945 bytes",
    "messages sent and delivered                         57,322",
  ]);
});

test("figures that the system does not say are shown as unknown", () => {
  const report = sizingReport({ ...FIGURES, cpuMicrosPerMessage: null, mainThreadShare: null, memoryIdleBytes: null });
  expect(report).toContain("CPU time of the server per webhook                  ? µs");
  expect(report).toContain("memory of the server, idle and at most              ? MB, 265 MB");
});

test("the sentence of the sizing plans with a quarter of the measured throughput", () => {
  expect(sizingSentence(FIGURES)).toBe(
    "With room for peaks of 4 times the usual rate, this machine takes 3,086 messages per second: 266,630,400 and 237 GB per day.",
  );
});

test("the guide has the figures that boathook bench sizing measures; `bun scripts/sizing-table.ts --write` updates them", async () => {
  const rows = (await guideText("sizing")).split("\n").filter((line) => line.startsWith("| "));
  const names = rows.slice(2).map((row) => row.split(" | ")[0]!.slice(2));
  expect(names).toEqual(figureRows(FIGURES).map(([name]) => name));
});
