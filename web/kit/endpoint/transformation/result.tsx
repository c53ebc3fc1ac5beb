import { prettyJson } from "../../json.ts";
import { Badge } from "../../parts/badge.tsx";
import { Code } from "../../parts/code.tsx";
import { DiffView } from "../../parts/diff-view.tsx";
import type { ShownRequest, Simulated } from "./model.ts";
import style from "./transformation.module.css";

/** Shows what the code would change, or that nothing would be sent. */
export function Result({ of: { before, after, cancel, cancelReason, logs } }: { of: Simulated }) {
  return (
    <div class={style.result}>
      {cancel ? (
        <p role="status">
          <Badge tone="wait">cancelled</Badge> Nothing would be sent
          {cancelReason ? (
            <>
              : <strong>{cancelReason}</strong>
            </>
          ) : (
            ". The code gives no reason."
          )}
        </p>
      ) : (
        <>
          <p role="status">{summaryOf(before, after)}</p>
          {before.url !== undefined && <Change title="Method" before={before.method!} after={after.method!} />}
          {before.url !== undefined && <Change title="URL" before={before.url} after={after.url!} />}
          <Change title="Headers" before={headerLines(before)} after={headerLines(after)} />
          <Change title={bodyName(before)} before={pretty(before.body)} after={pretty(after.body)} isShown />
        </>
      )}
      {logs.length > 0 && (
        <>
          <h3>Lines of console</h3>
          <Code copy={logs.join("\n")}>{logs.join("\n")}</Code>
        </>
      )}
    </div>
  );
}

interface ChangeProps {
  readonly title: string;
  readonly before: string;
  readonly after: string;
  /** Whether it is shown even if it has not changed. */
  readonly isShown?: boolean;
}

function Change({ title, before, after, isShown = false }: ChangeProps) {
  if (before === after && !isShown) return null;
  return (
    <>
      <h3>{title}</h3>
      {before === after ? (
        <Code copy={after}>{after}</Code>
      ) : (
        <DiffView label={`${title} before and after`} before={before} after={after} />
      )}
    </>
  );
}

function summaryOf(before: ShownRequest, after: ShownRequest): string {
  const changed = [
    before.method !== after.method && "method",
    before.url !== after.url && "URL",
    headerLines(before) !== headerLines(after) && "headers",
    before.body !== after.body && bodyName(before).toLowerCase(),
  ].filter((name) => name !== false);
  return changed.length === 0 ? "The code changes nothing." : `Changed: ${changed.join(", ")}.`;
}

/** A received request has no URL here, because the code does not see it. */
const bodyName = ({ url }: ShownRequest) => (url === undefined ? "Body" : "Payload");

function headerLines({ headers }: ShownRequest): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
    .join("\n");
}

function pretty(text: string): string {
  return (
    prettyJson(text)
      ?.map((token) => token.text)
      .join("") ?? text
  );
}
