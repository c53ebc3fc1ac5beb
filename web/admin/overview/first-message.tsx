import { useEffect, useState } from "preact/hooks";
import { BASE } from "../../kit/base.ts";
import { quoted } from "../../kit/curl.ts";
import { Code } from "../../kit/parts/code.tsx";
import { Empty, Problem } from "../../kit/parts/notice.tsx";
import { createMessage, getFirstUid } from "../api.ts";
import { environmentHeaders } from "../environment.ts";
import { NEW_CUSTOMER, newEndpointLink, sendLink } from "../links.ts";
import { May } from "../parts/may.tsx";

const DEMO_APPLICATION = "demo";
const EXAMPLE_BODY = '{"eventType": "demo.hello", "payload": {"hello": "world"}}';

/**
 * Shown before the first message: the pages that lead to it. If the first start created the demo
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
      <May operation="v1.message.create">
        <p>Three steps lead to the first message. It appears here without a reload.</p>
        <Steps />
        <Example app="YOUR_APP" />
      </May>
    </Empty>
  );
}

/** The pages on which the first message is set up, in their order. */
function Steps() {
  return (
    <ol>
      <li>
        <a href={NEW_CUSTOMER}>Create a customer</a>: one of those who receive your webhooks.
      </li>
      <li>
        <a href={newEndpointLink(null)}>Add an endpoint</a>: the URL to which the messages of the customer are sent.
      </li>
      <li>
        <a href={sendLink()}>Send a message</a> to the customer.
      </li>
    </ol>
  );
}

function Example({ app }: { app: string }) {
  const line = curlLine(app);
  return (
    <>
      <p>Or send it from a program. Replace YOUR_TOKEN with a token.</p>
      <Code copy={line}>{line}</Code>
    </>
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
        Send a first message to the customer <code>{DEMO_APPLICATION}</code>. It is delivered to the built-in inbox and
        appears here without a reload.
      </p>
      <button type="button" onClick={send} aria-busy={busy} disabled={busy}>
        Send test message
      </button>
      {problem !== null && <Problem>{problem}</Problem>}
      <p>Your own messages need three steps:</p>
      <Steps />
      <Example app={DEMO_APPLICATION} />
    </Empty>
  );
}

function curlLine(app: string): string {
  return [
    `curl ${location.origin}${BASE}/api/v1/app/${app}/msg`,
    "-H 'Authorization: Bearer YOUR_TOKEN'",
    ...Object.entries(environmentHeaders()).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    "-H 'Content-Type: application/json'",
    `-d '${EXAMPLE_BODY}'`,
  ].join(" \\\n  ");
}
