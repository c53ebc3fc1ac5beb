import { useEffect } from "preact/hooks";
import { type Choice, type Choosing, useChoosing } from "../combobox.ts";
import style from "./combobox.module.css";
import { type ControlProps, Field, type FieldProps } from "./field.tsx";
import { Problem } from "./notice.tsx";

interface ComboboxProps extends Choice {
  readonly control: Partial<ControlProps> & { readonly id: string };
  readonly placeholder?: string | undefined;
  readonly required?: boolean | undefined;
}

/**
 * An input that searches for options and chooses one of them: a combobox with a list, as described
 * by the ARIA authoring practices. The list opens with the arrow keys, a click or typing.
 */
export function Combobox({ control, placeholder, required, ...choice }: ComboboxProps) {
  const state = useChoosing(choice);
  const { options, active, isOpen } = state;
  const popupId = `${control.id}-options`;
  const hasList = isOpen && options.length > 0;
  return (
    <div class={style.box} ref={state.box}>
      <input
        {...control}
        type="text"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={hasList}
        aria-controls={popupId}
        aria-activedescendant={hasList && active >= 0 ? `${popupId}-${active}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder={placeholder}
        required={required}
        value={state.shownText}
        title={choice.value === "" ? undefined : choice.value}
        onInput={(event) => state.type(event.currentTarget.value)}
        onClick={state.open}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={state.apply}
        onKeyDown={(event) => onKeyDown(event, state)}
      />
      {isOpen && (
        <div class={style.popup} data-side={state.side}>
          <Options id={popupId} state={state} />
        </div>
      )}
    </div>
  );
}

function onKeyDown(event: KeyboardEvent, state: Choosing): void {
  const { key } = event;
  if (key === "ArrowDown" || key === "ArrowUp") {
    event.preventDefault();
    if (state.isOpen) state.step(key === "ArrowDown" ? 1 : -1);
    else state.open();
  } else if (key === "Enter" && state.isOpen) {
    event.preventDefault();
    state.enter();
  } else if (key === "Escape" && state.isOpen) {
    // Escape closes only the list, not a dialog around it.
    event.preventDefault();
    event.stopPropagation();
    state.dismiss();
  }
}

function Options({ id, state }: { id: string; state: Choosing }) {
  const { options, error, isSearching, active } = state;
  useEffect(() => document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" }), [active]);
  if (error !== null) return <Problem>{error.message}</Problem>;
  if (options.length === 0) {
    return (
      <div class={style.note} role="status">
        {isSearching ? "Searching…" : "Nothing matches."}
      </div>
    );
  }
  return (
    <div id={id} role="listbox" aria-label="Options">
      {options.map((option, at) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys of the list
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the input
        <div
          key={option.value}
          id={`${id}-${at}`}
          class={style.option}
          role="option"
          aria-selected={at === active}
          // The input keeps the focus.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => state.choose(option)}
        >
          {option.label}
          {option.detail !== undefined && <span class={style.detail}>{option.detail}</span>}
        </div>
      ))}
    </div>
  );
}

interface ComboboxFieldProps extends Omit<FieldProps, "children">, Choice {
  readonly placeholder?: string;
  readonly required?: boolean;
}

/** A labelled combobox for forms. */
export function ComboboxField({ value, source, onChoose, placeholder, required, ...field }: ComboboxFieldProps) {
  return (
    <Field {...field}>
      {(control) => <Combobox {...{ control, value, source, onChoose, placeholder, required }} />}
    </Field>
  );
}
