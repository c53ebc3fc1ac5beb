import { expect, test } from "bun:test";
import { IdCodec } from "../../src/core/id.ts";
import { mailText, teamsBody } from "../../src/core/notice.ts";
import { failureReasons } from "../../src/core/outcome.ts";
import { countsOf, LISTED_MAX, type NoticeAbout, noticeText } from "../../src/notice/text.ts";
import { aboutDuration, reasonWords, shownUrl } from "../../src/notice/words.ts";
import type { NoticedEndpoint } from "../../src/store/index.ts";

const ids = new IdCodec([1, 2, 3, 4]);
const now = Date.UTC(2026, 0, 1, 12);
const parts = { ids, publicUrl: "https://hooks.example.com", now };
const [APP, ENDPOINT] = [ids.encode("app_", 2), ids.encode("ep_", 3)];

const endpoint: NoticedEndpoint = {
  ...{ seq: 3, url: "https://user:***@example.com/hook?key=1", application: { seq: 2, name: "Acme", uid: "acme" } },
  ...{ environmentName: "default", isOperational: false, cause: "failing", reason: "timeout" },
};
const failing: NoticeAbout = { subjectSeq: 3, kind: "failing", since: now - 600_000, isBacklog: false, endpoint };

const text = (...notices: NoticeAbout[]) => noticeText(notices, countsOf(notices), parts);

test("the notice about one endpoint names the endpoint, application, reason, time and page", () => {
  const message = text(failing);
  expect(message.title).toBe("Boathook: endpoint failing: https://user:***@example.com/hook?… (Acme)");
  expect(mailText(message)).toBe(`Every attempt to deliver to this endpoint fails. Deliveries wait and are retried.

Endpoint: https://user:***@example.com/hook?… (${ENDPOINT})
Application: Acme (${APP})
Environment: default
Reason: the endpoint did not respond in time
Since: 2026-01-01 11:50:00 UTC (10 minutes ago)

Sent by Boathook at https://hooks.example.com.

https://hooks.example.com/ui/#/app/${APP}/endpoint/${ENDPOINT}
`);
});

test("the notice about a disabled endpoint has the cause, and the one about a recovered endpoint has no reason", () => {
  expect(text({ ...failing, kind: "disabled" }).lines).toContain(
    "Reason: every attempt failed for the time set by endpoint-disable-after",
  );
  const { lines } = text({ ...failing, kind: "recovered" });
  expect(lines.join("\n")).not.toContain("Reason");
  expect(lines).toContain("Failed since: 2026-01-01 11:50:00 UTC (10 minutes ago)");
});

test("the notice about an endpoint that is not verified says that nothing is sent to it, and why", () => {
  const message = text({ ...failing, kind: "unverified" });
  expect(message.title).toBe("Boathook: endpoint not verified: https://user:***@example.com/hook?… (Acme)");
  expect(message.lines[0]).toBe("This endpoint is not verified, so nothing is sent to it. Its deliveries wait.");
  expect(message.lines).toContain("Reason: the receiver has not answered the challenge; see endpoint-challenge");
  expect(text(failing, { ...failing, kind: "unverified" }).title).toBe(
    "Boathook: 1 endpoint failing, 1 endpoint not verified",
  );
});

test("links lead to the page of another environment, and of endpoints for operational webhooks", () => {
  const other = { ...endpoint, environmentName: "a&b", isOperational: true };
  expect(text({ ...failing, endpoint: other }).link).toBe(
    `https://hooks.example.com/ui/?environment=a%26b#/operational-webhook/${ENDPOINT}`,
  );
});

test("the notice about a backlog names the environment and the threshold", () => {
  const environment = { name: "staging", thresholdMs: 300_000 };
  const message = text({ subjectSeq: 1, kind: "backlog", since: now, isBacklog: true, environment });
  expect(message.title).toBe("Boathook: backlog growing in staging");
  expect(message.lines[0]).toStartWith("Deliveries have been due for longer than 5 minutes (backlog-threshold).");
  expect(message.link).toBe("https://hooks.example.com/ui/?environment=staging#/");
});

test("names with line breaks and markup stay on their line", () => {
  const application = { ...endpoint.application, name: "A\r\nBcc: b@example.com\n\n<script>" };
  const { title, lines } = text({ ...failing, endpoint: { ...endpoint, application } });
  expect(title).toEndWith("(A Bcc: b@example.com <script>)");
  expect([title, ...lines].filter((line) => /[\r\n]/.test(line))).toEqual([]);
});

test("many notices become one digest of limited size with the number of each kind", () => {
  const long = { ...endpoint, url: `https://example.com/${"x".repeat(2000)}` };
  const listed = Array.from({ length: LISTED_MAX }, () => ({ ...failing, endpoint: long }));
  const counts = { failing: 998, disabled: 1, recovered: 0, backlog: 0, unverified: 0, backlogRecovered: 1 };
  const message = noticeText(listed, counts, parts);
  expect(message.title).toBe("Boathook: 1 endpoint disabled, 998 endpoints failing, 1 backlog recovered");
  expect(message.lines).toContain("… and 978 more");
  expect(message.link).toBe("https://hooks.example.com/ui/#/endpoint");
  expect(JSON.stringify(teamsBody(message)).length).toBeLessThan(28_000);
});

test("each entry of a digest has the endpoint, application, reason, time and page", () => {
  const { lines } = text(failing, { ...failing, kind: "recovered" });
  const link = `  https://hooks.example.com/ui/#/app/${APP}/endpoint/${ENDPOINT}`;
  const where = "- https://user:***@example.com/hook?… (Acme)";
  expect(lines).toEqual([
    ...[
      "Failing endpoints (1):",
      `${where}: the endpoint did not respond in time, since 2026-01-01 11:50:00 UTC`,
      link,
      "",
    ],
    ...["Recovered endpoints (1):", `${where}: had failed since 2026-01-01 11:50:00 UTC`, link],
    ...["", "Sent by Boathook at https://hooks.example.com."],
  ]);
});

test.each([
  [0, "0 seconds"],
  [1000, "1 second"],
  [119_999, "119 seconds"],
  [120_000, "2 minutes"],
  [7_199_999, "119 minutes"],
  [7_200_000, "2 hours"],
  [172_800_000, "2 days"],
  [-5, "0 seconds"],
])("%d ms are about %s", (ms, words) => {
  expect(aboutDuration(ms)).toBe(words);
});

test("every reason has words, and a URL is shown without query and fragment", () => {
  for (const reason of failureReasons) expect(reasonWords(reason)).not.toBe("not known");
  expect(["https://a.example/b", "https://a.example/?c", "https://a.example/b#c"].map(shownUrl)).toEqual([
    ...["https://a.example/b", "https://a.example/?…", "https://a.example/b?…"],
  ]);
});
