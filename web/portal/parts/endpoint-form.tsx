import { useId, useState } from "preact/hooks";
import type { Endpoint, EndpointChange } from "../api.ts";
import { type Action, Outcome } from "./action.tsx";
import { EventTypePicker } from "./event-type-picker.tsx";

/** What the fields hold. */
interface Draft {
  readonly url: string;
  readonly description: string;
  readonly eventTypes: readonly string[] | null;
  readonly channels: string;
  readonly throttleRate: string;
}

/** Those that are filled in as text. */
type TextField = "url" | "description" | "channels" | "throttleRate";

/** What the server would refuse in words that fit no field of this form. */
interface DraftProblem {
  readonly field: TextField | null;
  readonly text: string;
}

const BLANK: Draft = { url: "", description: "", eventTypes: null, channels: "", throttleRate: "" };

interface FormProps {
  /** What is there already; none: it is to be made. */
  readonly endpoint?: Endpoint;
  readonly action: Action;
  readonly submit: string;
  /** Gets what the reader has changed, or all that there is to say of what is to be made. Resolves with whether it went well. */
  readonly onSubmit: (change: EndpointChange) => Promise<boolean>;
}

export function EndpointForm({ endpoint, action, submit, onSubmit }: FormProps) {
  const [draft, setDraft] = useState<Draft>(endpoint === undefined ? BLANK : draftOf(endpoint));
  /** What the fields held when the form was opened or last saved. Others may have changed the endpoint since then. */
  const [saved, setSaved] = useState(draft);
  const [problem, setProblem] = useState<DraftProblem | null>(null);
  const id = useId();
  const set = (change: Partial<Draft>) => {
    setProblem(null);
    setDraft({ ...draft, ...change });
  };
  const text = (name: TextField) => ({
    id: `${id}-${name}`,
    value: draft[name],
    "aria-invalid": problem?.field === name ? true : undefined,
    onInput: (event: { currentTarget: HTMLInputElement }) => set({ [name]: event.currentTarget.value }),
  });

  const send = async (event: Event) => {
    event.preventDefault();
    const found = problemOf(draft);
    setProblem(found);
    if (found === null) {
      const change = endpoint === undefined ? wishOf(draft) : changeOf(draft, saved);
      if (await onSubmit(change)) setSaved(draft);
    } else if (found.field !== null) {
      document.getElementById(`${id}-${found.field}`)?.focus();
    }
  };

  return (
    <form class="endpoint-form" onSubmit={send} noValidate>
      <label for={`${id}-url`}>URL</label>
      <input
        {...text("url")}
        type="url"
        inputMode="url"
        placeholder="https://example.com/webhooks"
        autocomplete="off"
      />

      <label for={`${id}-description`}>
        Description <span class="muted">(optional)</span>
      </label>
      <input {...text("description")} type="text" placeholder="What it is for" autocomplete="off" />

      <EventTypePicker value={draft.eventTypes} onChange={(eventTypes) => set({ eventTypes })} />

      <details class="options" open={draft.channels !== "" || draft.throttleRate !== ""}>
        <summary class="more">More options</summary>
        <label for={`${id}-channels`}>Channels</label>
        <input {...text("channels")} type="text" aria-describedby={`${id}-channels-help`} autocomplete="off" />
        <small id={`${id}-channels-help`}>Only messages on one of these, separated by commas; empty: all.</small>
        <label for={`${id}-throttleRate`}>Messages per second at most</label>
        <input {...text("throttleRate")} type="number" min="1" aria-describedby={`${id}-throttleRate-help`} />
        <small id={`${id}-throttleRate-help`}>Empty: as fast as they come.</small>
      </details>

      <div class="buttons">
        <button type="submit" disabled={action.busy} aria-busy={action.busy}>
          {submit}
        </button>
        <Outcome action={problem === null ? action : { ...action, problem: problem.text }} />
      </div>
    </form>
  );
}

function draftOf({ url, description, eventTypes, channels, throttleRate }: Endpoint): Draft {
  return {
    url,
    description,
    eventTypes,
    channels: channels?.join(", ") ?? "",
    throttleRate: throttleRate === null ? "" : String(throttleRate),
  };
}

function problemOf({ url, eventTypes, throttleRate }: Draft): DraftProblem | null {
  if (!/^https?:\/\//i.test(url.trim()) || !URL.canParse(url.trim())) {
    return { field: "url", text: "Please enter the URL that webhooks are to be sent to, with https:// before it." };
  }
  if (eventTypes?.length === 0) return { field: null, text: "Please choose at least one event type, or all of them." };
  if (throttleRate !== "" && !/^[1-9]\d{0,4}$/.test(throttleRate)) {
    return { field: "throttleRate", text: "The rate must be a whole number from 1 on." };
  }
  return null;
}

/** Only what differs, so that what others have changed meanwhile stays as it is. */
function changeOf(draft: Draft, saved: Draft): EndpointChange {
  const before = new Map(Object.entries(wishOf(saved)));
  const changed = Object.entries(wishOf(draft)).filter(([name, value]) => !isSame(value, before.get(name)));
  return Object.fromEntries(changed);
}

/** In lists the order says nothing. */
function isSame(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((item) => other.includes(item));
}

function wishOf({ url, description, eventTypes, channels, throttleRate }: Draft): EndpointChange {
  const named = channels.split(",").map((channel) => channel.trim());
  const wanted = [...new Set(named.filter((channel) => channel !== ""))];
  return {
    url: url.trim(),
    description: description.trim(),
    eventTypes,
    channels: wanted.length === 0 ? null : wanted,
    throttleRate: throttleRate === "" ? null : Number(throttleRate),
  };
}
