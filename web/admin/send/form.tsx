import { useEffect, useRef, useState } from "preact/hooks";
import { BASE } from "../../kit/base.ts";
import { ApiError } from "../../kit/client.ts";
import { curlCommand } from "../../kit/curl.ts";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { Problem } from "../../kit/parts/notice.tsx";
import { findEventType } from "../api/event-types.ts";
import { type Envelope, messageBody, precheck, sendMessage } from "../api/messages.ts";
import { environmentHeaders } from "../environment.ts";
import { problemsOf } from "../event-types/form.tsx";
import { jsonProblem } from "../event-types/schema-editor.tsx";
import { messageLink, NEW_CUSTOMER } from "../links.ts";
import { CustomerField, EventTypeField } from "../parts/choosing.tsx";
import { useTyped } from "../typed.ts";
import { type Draft, namesIn } from "./draft.ts";
import { useExample } from "./example.ts";
import { useFit } from "./fit.ts";
import style from "./form.module.css";
import { PayloadField } from "./payload-field.tsx";
import { Recipients } from "./recipients.tsx";

/** The names that the server accepts; others are not worth a request while the user types. */
const EVENT_TYPE = /^(?!\.{1,2}$)[\w.-]{1,128}$/;
const CHANNEL = /^[\w.:+-]{1,128}$/;

interface SendFormProps {
  readonly draft: Draft;
  readonly onChange: (change: (draft: Draft) => Draft) => void;
}

export function SendForm({ draft, onChange }: SendFormProps) {
  const { app, payload } = draft;
  const set = (part: Partial<Draft>) => onChange((was) => ({ ...was, ...part }));
  const envelope = envelopeOf(draft);
  const hasType = EVENT_TYPE.test(envelope.eventType);
  const type = useTyped(hasType ? envelope.eventType : null, (signal) => findEventType(envelope.eventType, signal));
  const fit = useFit(type.value, payload);
  const canAsk = app !== "" && hasType && envelope.channels.every((channel) => CHANNEL.test(channel));
  const recipients = useTyped(
    canAsk ? JSON.stringify([app, envelope.eventType, envelope.channels]) : null,
    (signal) => precheck(app, envelope, signal),
    { keeps: true },
  );
  const missing = missingOf(draft, hasType);
  const sending = useSending(draft, missing);
  const { problems } = sending;
  useExample(type.value?.known ?? null, draft, onChange);

  return (
    <div class={style.columns}>
      <form class="card" aria-label="Message" onSubmit={sending.submit} noValidate>
        <CustomerField
          value={app}
          problem={problems.app ?? null}
          onChoose={(app) => set({ app })}
          help={
            <>
              Or <a href={NEW_CUSTOMER}>create a customer</a> first.
            </>
          }
        />
        <EventTypeField
          value={draft.eventType}
          problem={problems.eventType ?? null}
          onChoose={(eventType) => set({ eventType })}
        />
        <PayloadField
          text={payload}
          onInput={(payload) => set({ payload, isOwn: true })}
          findings={fit.findings}
          note={fit.note}
          problem={problems.payload ?? null}
        />
        <details class={style.more} open={draft.channels !== "" || draft.tags !== "" || draft.eventId !== ""}>
          <summary>Channels, tags, event ID</summary>
          <TextField
            label="Channels"
            isOptional
            value={draft.channels}
            problem={problems.channels ?? null}
            onInput={(channels) => set({ channels })}
            help="Separated by commas. Endpoints with channels get only messages with one of theirs."
          />
          <TextField
            label="Tags"
            isOptional
            value={draft.tags}
            problem={problems.tags ?? null}
            onInput={(tags) => set({ tags })}
            help="Separated by commas, for finding the message later."
          />
          <TextField
            label="Event ID"
            isOptional
            value={draft.eventId}
            problem={problems.eventId ?? null}
            onInput={(eventId) => set({ eventId })}
            help="Your own ID. A second message with the same ID is refused."
          />
        </details>
        {sending.error !== null && <Problem>{sending.error.message}</Problem>}
        <div class="buttons">
          <button type="submit" disabled={sending.busy} aria-busy={sending.busy}>
            Send message
          </button>
          {Object.keys(missing).length === 0 && (
            <CopyButton label="Copy as curl" text={sendingAsCurl(app, messageBody(envelope, payload))} />
          )}
        </div>
      </form>
      <Recipients app={app} hasType={hasType} of={recipients} />
    </div>
  );
}

function envelopeOf({ eventType, eventId, channels, tags }: Draft): Envelope {
  return {
    eventType: eventType.trim(),
    eventId: eventId.trim(),
    channels: namesIn(channels),
    tags: namesIn(tags),
  };
}

/** Returns a shell command that sends the message with another token. */
function sendingAsCurl(app: string, body: string): string {
  return curlCommand({
    method: "POST",
    url: `${location.origin}${BASE}/api/v1/app/${encodeURIComponent(app)}/msg`,
    path: "/",
    headers: { authorization: "Bearer YOUR_TOKEN", ...environmentHeaders(), "content-type": "application/json" },
    body: new TextEncoder().encode(body),
  });
}

/** What prevents the draft from being sent, by field. */
type Missing = Readonly<Record<string, string>>;

function missingOf({ app, eventType, payload }: Draft, hasType: boolean): Missing {
  const syntax = payload.trim() === "" ? "Enter a JSON object." : jsonProblem(payload);
  return {
    ...(app === "" && { app: "Choose the customer whose endpoints get the message." }),
    ...(!hasType && {
      eventType:
        eventType.trim() === ""
          ? "Enter an event type, such as invoice.paid."
          : "An event type has up to 128 letters, digits and . - _ .",
    }),
    ...(syntax !== null && { payload: syntax }),
  };
}

const KEY_BYTES = 16;

/** Returns a new idempotency key. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return `page_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Sends the draft and leads to the page of the message. After an error everything stays as it was
 * typed. A draft that was already sent with the same content has the same idempotency key, because the
 * response may have been lost after the message was stored.
 */
function useSending(draft: Draft, missing: Missing) {
  const [busy, setBusy] = useState(false);
  /** Whether the user tried to send an incomplete draft, which shows what is missing. */
  const [isTried, setTried] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  /** The keys of all texts that were sent. A user may try another one and come back to the first. */
  const keys = useRef(new Map<string, string>());
  const submit = async (event: Event) => {
    event.preventDefault();
    const { app, payload } = draft;
    if (busy) return;
    if (Object.keys(missing).length > 0) {
      setTried(true);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const body = messageBody(envelopeOf(draft), payload);
      const text = JSON.stringify([app, body]);
      const key = keys.current.get(text) ?? newKey();
      keys.current.set(text, key);
      location.hash = messageLink(app, await sendMessage(app, body, key));
    } catch (error) {
      setError(error as Error);
      setBusy(false);
    }
  };
  // A problem belongs to what was sent, not to what is typed afterwards.
  useEffect(() => setError(null), [draft]);
  const refused = problemsOf(error instanceof ApiError ? error : null);
  return { busy, error, problems: isTried ? { ...refused, ...missing } : refused, submit };
}
