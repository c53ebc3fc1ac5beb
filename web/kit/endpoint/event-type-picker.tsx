import { useId, useMemo, useState } from "preact/hooks";
import { Read } from "../parts/section.tsx";
import { useOnce } from "../reading.ts";
import style from "./event-type-picker.module.css";
import { grouped, type ListedEventType, matching } from "./event-types.ts";

export type ReadEventTypes = (signal: AbortSignal) => Promise<readonly ListedEventType[]>;

interface PickerProps {
  /** Returns all event types that can be selected. */
  readonly read: ReadEventTypes;
  readonly problem?: string | null;
  /** Null means all event types, including future ones. */
  readonly value: readonly string[] | null;
  readonly onChange: (value: readonly string[] | null) => void;
}

/** Selects the event types of an endpoint: all, or some from a searchable list. */
export function EventTypePicker({ read, problem = null, value, onChange }: PickerProps) {
  const name = useId();
  const eventTypes = useOnce("event-types", read);
  return (
    <fieldset class={style.picker} aria-describedby={problem === null ? undefined : `${name}-problem`}>
      <legend>Event types</legend>
      <label>
        <input type="radio" name={name} checked={value === null} onChange={() => onChange(null)} />
        All, including future ones
      </label>
      <label>
        <input
          type="radio"
          name={name}
          checked={value !== null}
          aria-invalid={problem === null ? undefined : true}
          onChange={() => onChange([])}
        />
        Only selected ones
      </label>
      {value !== null && (
        <Read of={eventTypes}>{(known) => <Choice known={known} chosen={value} onChange={onChange} />}</Read>
      )}
      {problem !== null && (
        <small id={`${name}-problem`} class={style.problem} role="alert">
          {problem}
        </small>
      )}
    </fieldset>
  );
}

interface ChoiceProps {
  readonly known: readonly ListedEventType[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

function Choice({ known, chosen, onChange }: ChoiceProps) {
  const [search, setSearch] = useState("");
  const groups = useMemo(() => grouped(matching(withUnknown(known, chosen), search)), [known, chosen, search]);
  const found = groups.reduce((sum, { eventTypes }) => sum + eventTypes.length, 0);
  const toggle = (name: string) =>
    onChange(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);

  if (known.length === 0 && chosen.length === 0) {
    return <p class="muted small">There are no event types yet. Select “All” to receive every message.</p>;
  }
  return (
    <div class={style.choice}>
      <input
        type="search"
        aria-label="Search event types"
        placeholder="Search event types"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable by keyboard */}
      <section class={style.list} aria-label="Available event types" tabIndex={0}>
        {groups.map(({ name, eventTypes }) => (
          <div key={name} class={style.group}>
            {groups.length > 1 && <h3>{name}</h3>}
            {eventTypes.map((eventType) => (
              <label key={eventType.name}>
                <input
                  type="checkbox"
                  checked={chosen.includes(eventType.name)}
                  onChange={() => toggle(eventType.name)}
                />
                <span>
                  <span class="mono">{eventType.name}</span>
                  {eventType.deprecated && <span class="muted small"> deprecated</span>}
                  {eventType.description !== "" && (
                    <span class={`muted small ${style.description}`}>{eventType.description}</span>
                  )}
                </span>
              </label>
            ))}
          </div>
        ))}
        {found === 0 && <p class="muted small">No matching event types</p>}
      </section>
      <p class={`muted small ${style.foot}`} aria-live="polite">
        {chosen.length === 0 ? "None selected" : `${chosen.length} selected`}
        {search !== "" && ` · ${found} found`}
      </p>
    </div>
  );
}

/**
 * Adds the selected event types that no longer exist to the list, so that they can be seen and
 * deselected.
 */
function withUnknown(known: readonly ListedEventType[], chosen: readonly string[]): readonly ListedEventType[] {
  const names = new Set(known.map(({ name }) => name));
  const gone = chosen.filter((name) => !names.has(name));
  const description = "No longer available";
  const unknown = gone.map((name) => ({ name, description, deprecated: false, groupName: null }));
  return [...known, ...unknown];
}
