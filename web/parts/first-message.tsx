import { useState } from "preact/hooks";
import { createMessage } from "../api.ts";
import { token } from "../session.ts";
import { Code } from "./code.tsx";
import { Empty, Problem } from "./notice.tsx";

const DEMO_APPLICATION = "demo";
const EXAMPLE_BODY = '{"eventType": "demo.hello", "payload": {"hello": "world"}}';

/** Shown before the first message: instructions for sending one, and a button that sends it. */
export function FirstMessage() {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    setProblem(null);
    await createMessage(DEMO_APPLICATION, EXAMPLE_BODY).catch((error: Error) => setProblem(error.message));
    setBusy(false);
  };
  return (
    <Empty title="No messages yet">
      <p>
        Send a first message to the application <code>{DEMO_APPLICATION}</code>. It is delivered to the built-in inbox
        and appears here without a reload.
      </p>
      <Code copy={curlLine(token.value ?? "")}>{curlLine("YOUR_TOKEN")}</Code>
      <p class="muted small">The copied command contains your token.</p>
      <button type="button" onClick={send} aria-busy={busy} disabled={busy}>
        Send test message
      </button>
      {problem !== null && <Problem>{problem}</Problem>}
    </Empty>
  );
}

function curlLine(bearer: string): string {
  return [
    `curl ${location.origin}/api/v1/app/${DEMO_APPLICATION}/msg`,
    `-H 'Authorization: Bearer ${bearer}'`,
    "-H 'Content-Type: application/json'",
    `-d '${EXAMPLE_BODY}'`,
  ].join(" \\\n  ");
}
