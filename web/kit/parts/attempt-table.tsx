import { useState } from "preact/hooks";
import type { Attempt } from "../../../src/api/types.ts";
import { formatDuration } from "../format.ts";
import { Badge } from "./badge.tsx";
import { Body } from "./code.tsx";
import { Instant } from "./instant.tsx";
import { Empty } from "./notice.tsx";
import { Table } from "./table.tsx";

/** Shows the attempts to deliver a message, newest first, with the responses. */
export function AttemptTable({ attempts }: { attempts: readonly Attempt[] }) {
  if (attempts.length === 0) return <Empty title="No attempts yet" />;
  return (
    <Table label="Attempts">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Endpoint</th>
          <th scope="col">Result</th>
          <th scope="col" class="number">
            Duration
          </th>
          <th scope="col">Response</th>
        </tr>
      </thead>
      <tbody>
        {attempts.map((attempt) => (
          <AttemptRow key={attempt.id} attempt={attempt} />
        ))}
      </tbody>
    </Table>
  );
}

const COLUMNS = 5;
const SUCCESS = 0;
const BY_HAND = 1;

function AttemptRow({ attempt }: { attempt: Attempt }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <tr>
        <td class="fit">
          <Instant at={attempt.timestamp} />
          {attempt.triggerType === BY_HAND && <div class="muted small">manual</div>}
        </td>
        <td class="title">
          <span class="url">{attempt.url}</span>
        </td>
        <td>
          <Badge tone={attempt.status === SUCCESS ? "good" : "bad"}>{resultOf(attempt)}</Badge>
        </td>
        <td class="fit number">{formatDuration(attempt.responseDurationMs)}</td>
        <td class="response">
          <Response text={attempt.response} open={open} toggle={() => setOpen(!open)} />
          {attempt.note !== null && <div class="muted small">{attempt.note}</div>}
        </td>
      </tr>
      {open && (
        <tr class="expansion">
          <td colSpan={COLUMNS}>
            <Body text={attempt.response} />
          </td>
        </tr>
      )}
    </>
  );
}

/**
 * Returns the response's status, and the reason if it adds information: `200`, `503`, `timeout`,
 * `410 gone`.
 */
function resultOf({ responseStatusCode, reason }: Attempt): string {
  const status = responseStatusCode === 0 ? "" : String(responseStatusCode);
  const detail = reason && !reason.startsWith("status_") ? reason : "";
  return `${status} ${detail}`.trim() || "no response";
}

/**
 * Maximum length of a response that is shown in full. Longer responses are shortened and can be
 * expanded.
 */
const SHORT_CHARS_MAX = 40;
const EXCERPT_CHARS_MAX = 120;

function Response({ text, open, toggle }: { text: string; open: boolean; toggle: () => void }) {
  if (text === "") return <span class="muted">empty</span>;
  if (text.length <= SHORT_CHARS_MAX && !text.includes("\n")) return <code>{text}</code>;
  return (
    <button type="button" class="quiet mono" aria-expanded={open} onClick={toggle}>
      {open ? "Show less" : text.slice(0, EXCERPT_CHARS_MAX)}
    </button>
  );
}
