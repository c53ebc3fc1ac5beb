import { signal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { AttemptDetail } from "../../../src/api/types.ts";
import { formatDuration } from "../../kit/format.ts";
import shared from "../../kit/parts/attempt-result.module.css";
import { isOfFunction, Logs, Received } from "../../kit/parts/attempt-result.tsx";
import { AttemptResult } from "../../kit/parts/attempt-table.tsx";
import form from "../../kit/parts/body-view.module.css";
import { Body, Code } from "../../kit/parts/code.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { HeaderList } from "../../kit/parts/header-list.tsx";
import { Instant, Upcoming } from "../../kit/parts/instant.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { useOnce } from "../../kit/reading.ts";
import { reasonText } from "../../kit/reasons.ts";
import { getAttempt } from "../api/messages.ts";
import { batchLink, endpointLink } from "../links.ts";
import style from "./attempt-details.module.css";
import type { OfMessage } from "./of-message.ts";
import { attemptAsCurl, type SentBody, sentBody, sentHeaders, signedOf } from "./sent.ts";
import { BODY_FILE, LANGUAGES, type Language, verification } from "./verification.ts";

/** Maximum size of a body that is put into a command, in bytes. */
const CURL_BYTES_MAX = 1024 * 1024;

interface AttemptDetailsProps extends OfMessage {
  /** The id of the attempt. */
  readonly attempt: string;
  readonly body: SentBody;
}

/** Shows what an attempt sent and what came back. An attempt does not change, so it is read once. */
export function AttemptDetails({ app, message, attempt, body }: AttemptDetailsProps) {
  const read = useOnce(attempt, (signal) => getAttempt(app, message, attempt, signal));
  return (
    <div class={shared.details}>
      <Read of={read} lines={4}>
        {(detail) => (
          <>
            <Facts app={app} of={detail} />
            <div class={style.sides}>
              {!isOfFunction(detail) && <Sent of={detail} body={sentBody(detail, body)} />}
              <Received of={detail} />
            </div>
            <Logs of={detail} />
            <Verification of={detail} body={sentBody(detail, body)} />
          </>
        )}
      </Read>
    </div>
  );
}

function Facts({ app, of }: { app: string; of: AttemptDetail }) {
  return (
    <dl class="facts">
      <Fact name="Result">
        <AttemptResult of={of} /> {of.reason !== null && <span class="small">{reasonText(of.reason)}</span>}
      </Fact>
      <Fact name="Started">
        <Instant at={of.timestamp} />
      </Fact>
      <Fact name="Duration">{formatDuration(of.responseDurationMs)}</Fact>
      {of.nextAttempt !== null && (
        <Fact name="Next attempt">
          <Upcoming at={of.nextAttempt} />
        </Fact>
      )}
      {of.apiVersion !== null && (
        <Fact name="Payload version">
          <span class="mono">{of.apiVersion}</span>
        </Fact>
      )}
      <Fact name="Endpoint">
        <a href={endpointLink(app, of.endpointId)}>{of.endpointId}</a>
      </Fact>
      {of.batchId !== null && (
        <Fact name="Batch">
          <a class="mono" href={batchLink(app, of.endpointId, of.batchId)}>
            {of.batchId}
          </a>
        </Fact>
      )}
      <Fact name="Attempt">
        <span class="mono">{of.id}</span>
      </Fact>
    </dl>
  );
}

function Sent({ of, body }: { of: AttemptDetail; body: SentBody }) {
  const { kind, headers } = sentHeaders(of);
  const canCopy = kind !== "unsent" && body !== null && body.length <= CURL_BYTES_MAX;
  return (
    <section aria-label="What was sent">
      <div class={shared.head}>
        <h3>What was sent</h3>
        {canCopy && <CopyButton label="Copy as curl" text={attemptAsCurl(of, body)} />}
      </div>
      <p class={shared.address}>
        <code>
          {of.requestMethod ?? "POST"} {of.url}
        </code>
      </p>
      {kind === "unsent" && <p class="muted small">No complete request was sent.</p>}
      {kind === "derived" && (
        <p class="muted small">
          Headers are kept for failed attempts only. These follow from the message; the timestamp is the second in which
          the attempt started.
        </p>
      )}
      {headers.length > 0 && <HeaderList headers={headers} />}
      {kind !== "unsent" && <SentPayload of={of} />}
    </section>
  );
}

function SentPayload({ of: { requestPayload, batchId } }: { of: AttemptDetail }) {
  const what = batchId === null ? "body" : "payload";
  return (
    <>
      {batchId !== null && <p class="muted small">The body is a batch: an array with this message as an element.</p>}
      {requestPayload === null && batchId === null && (
        <p class="muted small">The body is the payload of the message.</p>
      )}
      {requestPayload !== null && (
        <p class="muted small">
          This {what} is a thin event, or was made by a transformation or the downgrade of a payload version. The first
          16 KiB are kept.
        </p>
      )}
      {requestPayload !== null && <Body text={requestPayload} />}
    </>
  );
}

/** The language that was chosen last, for all attempts. */
const language = signal<Language>("node");

function Verification({ of, body }: { of: AttemptDetail; body: SentBody }) {
  const id = useId();
  const signed = signedOf(of);
  if (sentHeaders(of).kind === "unsent") return null;
  const program = verification(language.value, signed, body);
  return (
    <details class={style.verification}>
      <summary>Check the signature</summary>
      <p class="small">
        This program checks the signature of this attempt with the secret of the endpoint.
        {signed.signature === null && " Paste the signature that your receiver got."}
        {program.includes(BODY_FILE) && ` Download the payload and save it as ${BODY_FILE} first.`}
        {signed.signature?.startsWith("v1a,") && " It checks HMAC signatures; this endpoint signs with ed25519."}
      </p>
      <div class={form.form}>
        <label for={id}>Language</label>
        <select
          id={id}
          value={language.value}
          onChange={(event) => {
            language.value = event.currentTarget.value as Language;
          }}
        >
          {LANGUAGES.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <Code copy={program}>{program}</Code>
    </details>
  );
}
