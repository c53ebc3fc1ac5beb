import { expect, test } from "bun:test";
import { Metrics } from "../../scripts/soak/metrics.ts";

const PAGE = `# HELP sent_total Text.
sent_total{channel="mail",outcome="sent"} 2
sent_total{channel="chat",outcome="sent"} 3
sent_total{channel="mail",outcome="failed"} 1
sent_total_more 100
size 1.5
`;

test("the value of a metric is the sum of its series with a label", () => {
  const metrics = new Metrics(PAGE);
  expect(metrics.sum("sent_total")).toBe(6);
  expect(metrics.sum("sent_total", 'outcome="sent"')).toBe(5);
  expect(metrics.sum("size")).toBe(1.5);
});

test("a metric that the server does not have is an error, so that it is not taken for 0", () => {
  expect(() => new Metrics(PAGE).sum("missing")).toThrow("The server has no metric missing with any labels.");
  expect(() => new Metrics(PAGE).sum("sent_total", "sms")).toThrow("The server has no metric sent_total with sms.");
});
