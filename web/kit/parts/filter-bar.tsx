import { useEffect, useId, useRef, useState } from "preact/hooks";
import { address, linkWith, setQuery } from "../address.ts";
import type { OptionSource } from "../combobox.ts";
import { Combobox } from "./combobox.tsx";
import type { Choice } from "./field.tsx";
import style from "./filter-bar.module.css";

/** A filter of a list. Its value is in the address under `name`. */
export type Filter =
  /** `unset` is the label of no choice; the default is "any". */
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: "choice";
      readonly choices: readonly Choice[];
      readonly unset?: string;
    }
  | { readonly name: string; readonly label: string; readonly kind: "text"; readonly placeholder?: string }
  /** A value that is searched for and shown by its label, such as a customer by name. */
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: "option";
      readonly source: OptionSource;
      readonly placeholder?: string;
    }
  /** An instant, entered in the user's time zone and kept in the address as RFC 3339. */
  | { readonly name: string; readonly label: string; readonly kind: "time" }
  /** A value that other pages set and that this bar only shows and removes. `nameOf` returns its name, not its id. */
  | {
      readonly name: string;
      readonly label: string;
      readonly kind: "fixed";
      readonly nameOf?: (value: string) => string;
    };

/** Time after the last key press before a text filter is applied. */
const TYPING_PAUSE_MS = 300;
/** Narrow screens show more filters than these only on demand, apart from those that are set. */
const FOLDED_MIN = 2;

/**
 * Shows the filters of a list. The filters compose, are kept in the address, and can be removed one
 * by one. The list goes back to its first page when they change.
 */
export function FilterBar({ filters, label = "Filters" }: { filters: readonly Filter[]; label?: string }) {
  const { query } = address.value;
  const active = filters.filter(({ name }) => query[name] !== undefined);
  const [isOpen, setOpen] = useState(false);
  const isFolded = filters.length > FOLDED_MIN && !isOpen;
  return (
    <search class={style.bar} aria-label={label} data-folded={isFolded ? "" : undefined}>
      {filters.length > FOLDED_MIN && (
        <button
          type="button"
          class={`outline small ${style.fold}`}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {active.length === 0 ? label : `${label} (${active.length})`}
        </button>
      )}
      {filters.map((filter) => (
        <Control key={filter.name} filter={filter} value={query[filter.name] ?? ""} />
      ))}
      {active.length > 0 && (
        <a class={style.clear} href={linkWith(Object.fromEntries(filters.map(({ name }) => [name, null])))}>
          Clear {active.length === 1 ? "filter" : `${active.length} filters`}
        </a>
      )}
    </search>
  );
}

function Control({ filter, value }: { filter: Filter; value: string }) {
  switch (filter.kind) {
    case "choice":
      return <ChoiceControl filter={filter} value={value} />;
    case "text":
      return <TextControl filter={filter} value={value} />;
    case "option":
      return <OptionControl filter={filter} value={value} />;
    case "time":
      return <TimeControl filter={filter} value={value} />;
    case "fixed":
      return value === "" ? null : (
        <span class={style.fixed}>
          {filter.label}: <strong>{filter.nameOf?.(value) ?? value}</strong>
          <a href={linkWith({ [filter.name]: null })} aria-label={`Remove filter ${filter.label}`}>
            ×
          </a>
        </span>
      );
  }
}

interface ControlProps<Kind> {
  readonly filter: Extract<Filter, { kind: Kind }>;
  readonly value: string;
}

function ChoiceControl({ filter, value }: ControlProps<"choice">) {
  const id = useId();
  // A value that is not a choice, from a link by hand, is shown as it is.
  const isKnown = value === "" || filter.choices.some((choice) => choice.value === value);
  return (
    <span class={style.control} data-active={value === "" ? undefined : ""}>
      <label for={id}>{filter.label}</label>
      <select
        id={id}
        value={value}
        onChange={(event) => setQuery({ [filter.name]: event.currentTarget.value || null })}
      >
        <option value="">{filter.unset ?? "any"}</option>
        {!isKnown && <option value={value}>{value}</option>}
        {filter.choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </span>
  );
}

function TextControl({ filter, value }: ControlProps<"text">) {
  const id = useId();
  const [text, setText] = useState(value);
  const applied = useRef(value);
  // Another link may change the filter while the input is shown. What was typed here may have gone on.
  useEffect(() => {
    if (value !== applied.current) setText(value);
    applied.current = value;
  }, [value]);
  useEffect(() => {
    if (text.trim() === value) return;
    const apply = () => {
      applied.current = text.trim();
      setQuery({ [filter.name]: applied.current || null });
    };
    const timer = setTimeout(apply, TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <span class={style.control} data-active={value === "" ? undefined : ""}>
      <label for={id}>{filter.label}</label>
      <input
        id={id}
        type="search"
        value={text}
        placeholder={filter.placeholder}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </span>
  );
}

function OptionControl({ filter, value }: ControlProps<"option">) {
  const id = useId();
  const set = (chosen: string) => setQuery({ [filter.name]: chosen || null });
  return (
    <span class={`${style.control} ${style.option}`} data-active={value === "" ? undefined : ""}>
      <label for={id}>{filter.label}</label>
      <Combobox control={{ id }} value={value} source={filter.source} placeholder={filter.placeholder} onChoose={set} />
      {value !== "" && (
        <button type="button" class={style.remove} aria-label={`Remove filter ${filter.label}`} onClick={() => set("")}>
          ×
        </button>
      )}
    </span>
  );
}

function TimeControl({ filter, value }: ControlProps<"time">) {
  const id = useId();
  const set = (local: string) => {
    const at = new Date(local);
    setQuery({ [filter.name]: Number.isNaN(at.getTime()) ? null : at.toISOString() });
  };
  return (
    <span class={style.control} data-active={value === "" ? undefined : ""}>
      <label for={id}>{filter.label}</label>
      <input
        id={id}
        type="datetime-local"
        step="1"
        value={localTime(value)}
        onChange={(event) => set(event.currentTarget.value)}
      />
    </span>
  );
}

/** Returns an instant in the form that `datetime-local` inputs use, in the user's time zone. */
export function localTime(rfc3339: string): string {
  const at = new Date(rfc3339);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
