import { useState } from "preact/hooks";
import { createMessage } from "../api.ts";
import { token } from "../session.ts";
import { Code } from "./code.tsx";
import { Empty, Problem } from "./notice.tsx";

const DEMO_APPLICATION = "demo";
const EXAMPLE_BODY = '{"eventType": "demo.hello", "payload": {"hello": "world"}}';

/** What a newcomer sees before anything was sent: how to send a first message, and a button that does it. */
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
    <Empty title="No message yet">
      <p>
        Send the first one to the application <code>{DEMO_APPLICATION}</code>. It arrives in the inbox that is built
        into the server, and this page shows it without being reloaded.
      </p>
      <Code copy={curlLine(token.value ?? "")}>{curlLine("YOUR_TOKEN")}</Code>
      <p class="muted small">What is copied has your token in it.</p>
      <button type="button" onClick={send} aria-busy={busy} disabled={busy}>
        Send it from here
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
