import { expect, test } from "bun:test";
import fc from "fast-check";
import { mailText, type NoticeMessage, oneLine, slackBody, teamsBody } from "../../src/core/notice.ts";

const message: NoticeMessage = {
  title: "Boathook: <b>&",
  lines: ["<!channel> [link](https://evil.example)", "", "second"],
  link: "https://hooks.example.com/ui/#/system?a=1&b=2",
};

test.each([
  ["Acme", "Acme"],
  ["Acme\r\nBcc: e@example", "Acme Bcc: e@example"],
  ["\u0000a\u0085b\u2028c\u2029d", "a b c d"],
  ["a\u202eb\u2066c\u200bd\ufeff", "a b c d"],
  ["\ud800a", "a"],
  ["x".repeat(30), `${"x".repeat(19)}…`],
  [`${"x".repeat(18)}😀 and more`, `${"x".repeat(18)}…`],
])("the text %j is one line", (text, line) => {
  expect(oneLine(text, 20)).toBe(line);
});

test("no text of users becomes more than one line or longer than its limit", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const line = oneLine(text, 40);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
      expect(line.length).toBeLessThanOrEqual(40);
      expect(line.isWellFormed()).toBe(true);
    }),
  );
});

test("a mail has the lines and, at the end, the link", () => {
  expect(mailText(message)).toBe(
    "<!channel> [link](https://evil.example)\n\nsecond\n\nhttps://hooks.example.com/ui/#/system?a=1&b=2\n",
  );
});

test("a message to Slack has only a text, in which names cannot form links or mentions", () => {
  expect(slackBody(message)).toEqual({
    text: "Boathook: &lt;b&gt;&amp;\n\n&lt;!channel&gt; [link](https://evil.example)\n\nsecond\n\nhttps://hooks.example.com/ui/#/system?a=1&amp;b=2",
  });
});

test("a message to Teams is an Adaptive Card without elements that read Markdown", () => {
  const run = (text: string, more = {}) => ({
    type: "RichTextBlock",
    inlines: [{ type: "TextRun", text, ...more }],
  });
  expect(teamsBody(message)).toEqual({
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        contentUrl: null,
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          body: [
            run("Boathook: <b>&", { weight: "Bolder", size: "Medium" }),
            run("<!channel> [link](https://evil.example)"),
            run("second"),
          ],
          actions: [{ type: "Action.OpenUrl", title: "Open Boathook", url: message.link }],
        },
      },
    ],
  });
});
