import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Attempt } from "../../../src/api/types.ts";
import { formatDuration } from "../format.ts";
import { Badge } from "./badge.tsx";
import { Body } from "./code.tsx";
import { type Column, DataTable } from "./data-table.tsx";
import { Instant } from "./instant.tsx";
import { Empty } from "./notice.tsx";

interface AttemptTableProps {
  readonly attempts: readonly Attempt[];
  /** What an opened attempt shows. Without it, long responses can be opened. */
  readonly detail?: (attempt: Attempt) => ComponentChildren;
}

/** Shows the attempts to deliver a message, newest first, with the responses. Opened attempts stay open. */
export function AttemptTable({ attempts, detail }: AttemptTableProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (attempts.length === 0) return <Empty title="No attempts yet" />;
  const toggle = (id: string) =>
    setOpen((was) => (was.has(id) ? new Set([...was].filter((one) => one !== id)) : new Set([...was, id])));
  const response: Column<Attempt> = {
    head: "Response",
    cell: (attempt) => (
      <div class="response">
        <Response
          text={attempt.response}
          open={open.has(attempt.id)}
          toggle={detail === undefined ? () => toggle(attempt.id) : null}
        />
        {attempt.note !== null && <div class="muted small">{attempt.note}</div>}
      </div>
    ),
  };
  const details: Column<Attempt> = {
    head: "Details",
    kind: "actions",
    cell: ({ id }) => (
      <button type="button" class="outline small" aria-expanded={open.has(id)} onClick={() => toggle(id)}>
        {open.has(id) ? "Close" : "Details"}
      </button>
    ),
  };
  return (
    <DataTable
      label="Attempts"
      columns={detail === undefined ? [...COLUMNS, response] : [...COLUMNS, response, details]}
      rows={attempts}
      keyOf={({ id }) => id}
      below={(attempt) => open.has(attempt.id) && (detail?.(attempt) ?? <Body text={attempt.response} />)}
    />
  );
}

const SUCCESS = 0;
const BY_HAND = 1;

const COLUMNS: readonly Column<Attempt>[] = [
  {
    head: "Time",
    kind: "fit",
    cell: ({ timestamp, triggerType }) => (
      <div>
        <Instant at={timestamp} />
        {triggerType === BY_HAND && <div class="muted small">manual</div>}
      </div>
    ),
  },
  { head: "Endpoint", kind: "title", cell: ({ url }) => <span class="url">{url}</span> },
  { head: "Result", kind: "fit", cell: (attempt) => <AttemptResult of={attempt} /> },
  { head: "Duration", kind: "number", cell: ({ responseDurationMs }) => formatDuration(responseDurationMs) },
];

/**
 * Shows the response's status, and the reason if it adds information: `200`, `503`, `timeout`,
 * `410 gone`.
 */
export function AttemptResult({ of: { status, responseStatusCode, reason } }: { of: Attempt }) {
  const code = responseStatusCode === 0 ? "" : String(responseStatusCode);
  const detail = reason && !reason.startsWith("status_") ? reason : "";
  return <Badge tone={status === SUCCESS ? "good" : "bad"}>{`${code} ${detail}`.trim() || "no response"}</Badge>;
}

/**
 * Maximum length of a response that is shown in full. Longer responses are shortened and can be
 * expanded.
 */
const SHORT_CHARS_MAX = 40;
const EXCERPT_CHARS_MAX = 120;
/** Length of the beginning of a response whose details can be opened. */
const BRIEF_CHARS_MAX = 64;

function Response({ text, open, toggle }: { text: string; open: boolean; toggle: (() => void) | null }) {
  if (text === "") return <span class="muted">empty</span>;
  if (toggle === null)
    return <code>{text.length > BRIEF_CHARS_MAX ? `${text.slice(0, BRIEF_CHARS_MAX)}…` : text}</code>;
  if (text.length <= SHORT_CHARS_MAX && !text.includes("\n")) return <code>{text}</code>;
  return (
    <button type="button" class="quiet mono" aria-expanded={open} onClick={toggle}>
      {open ? "Show less" : text.slice(0, EXCERPT_CHARS_MAX)}
    </button>
  );
}
