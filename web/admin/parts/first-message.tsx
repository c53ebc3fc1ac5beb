import { useEffect, useState } from "preact/hooks";
import { BASE } from "../../kit/base.ts";
import { Code } from "../../kit/parts/code.tsx";
import { Empty, Problem } from "../../kit/parts/notice.tsx";
import { createMessage, getFirstUid } from "../api.ts";
import { token } from "../session.ts";

const DEMO_APPLICATION = "demo";
const EXAMPLE_BODY = '{"eventType": "demo.hello", "payload": {"hello": "world"}}';

/**
 * Shown before the first message: instructions for sending one. If the first start created the demo
 * application, a button sends a message to it.
 */
export function FirstMessage() {
  const hasDemo = useHasDemo();
  if (hasDemo === null) return <Empty title="No messages yet" />;
  return hasDemo ? <FirstDemoMessage /> : <FirstOwnMessage />;
}

/** Returns whether the oldest application is the demo, or null while this is unknown. */
function useHasDemo(): boolean | null {
  const [hasDemo, setHasDemo] = useState<boolean | null>(null);
  useEffect(() => {
    const unmounted = new AbortController();
    getFirstUid(unmounted.signal).then(
      (uid) => setHasDemo(uid === DEMO_APPLICATION),
      () => unmounted.signal.aborted || setHasDemo(false),
    );
    return () => unmounted.abort();
  }, []);
  return hasDemo;
}

function FirstOwnMessage() {
  return (
    <Empty title="No messages yet">
      <p>Create an application with an endpoint and send a message to it. The message appears here without a reload.</p>
      <Code copy={curlLine("YOUR_APP", token.value ?? "")}>{curlLine("YOUR_APP", "YOUR_TOKEN")}</Code>
      <p class="muted small">The copied command contains your token.</p>
    </Empty>
  );
}

function FirstDemoMessage() {
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
      <Code copy={curlLine(DEMO_APPLICATION, token.value ?? "")}>{curlLine(DEMO_APPLICATION, "YOUR_TOKEN")}</Code>
      <p class="muted small">The copied command contains your token.</p>
      <button type="button" onClick={send} aria-busy={busy} disabled={busy}>
        Send test message
      </button>
      {problem !== null && <Problem>{problem}</Problem>}
    </Empty>
  );
}

function curlLine(app: string, bearer: string): string {
  return [
    `curl ${location.origin}${BASE}/api/v1/app/${app}/msg`,
    `-H 'Authorization: Bearer ${bearer}'`,
    "-H 'Content-Type: application/json'",
    `-d '${EXAMPLE_BODY}'`,
  ].join(" \\\n  ");
}
