import { useLayoutEffect, useRef } from "preact/hooks";
import { type CodePlace, indentAt, offsetOf, placeOf } from "../code-place.ts";
import style from "./code-field.module.css";
import { Field, type FieldProps } from "./field.tsx";

interface CodeFieldProps extends Pick<FieldProps, "label" | "help" | "problem"> {
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Number of lines that are visible at first. */
  readonly rows?: number;
  readonly isReadOnly?: boolean;
}

const ROWS = 18;

/**
 * A labelled input for code, with line numbers. If `problem` begins with a place, as those of the API
 * do, the place is marked. Tab leaves the input, as it does everywhere on the page.
 */
export function CodeField({ value, onInput, rows = ROWS, isReadOnly = false, ...field }: CodeFieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLPreElement>(null);
  const marks = useRef<HTMLPreElement>(null);
  const place = field.problem == null ? null : placeOf(field.problem);
  const follow = () => {
    const { scrollTop = 0, scrollLeft = 0 } = area.current ?? {};
    numbers.current!.style.transform = `translateY(${-scrollTop}px)`;
    if (marks.current !== null) marks.current.style.transform = `translate(${-scrollLeft}px, ${-scrollTop}px)`;
  };
  useLayoutEffect(follow);
  return (
    <>
      <Field {...field}>
        {(control) => (
          <div class={`${style.frame} ${place === null ? "" : style.bad}`}>
            <div class={style.numbers} aria-hidden="true">
              <pre ref={numbers}>
                <Numbers count={value.split("\n").length} marked={place?.line ?? null} />
              </pre>
            </div>
            <div class={style.text}>
              {place !== null && (
                <div class={style.marks} aria-hidden="true">
                  <pre ref={marks}>
                    <Mark text={value} place={place} />
                  </pre>
                </div>
              )}
              <textarea
                rows={rows}
                wrap="off"
                spellcheck={false}
                autocapitalize="off"
                autocomplete="off"
                {...control}
                readOnly={isReadOnly}
                ref={area}
                value={value}
                onInput={(event) => onInput(event.currentTarget.value)}
                onKeyDown={keepIndent}
                onScroll={follow}
              />
            </div>
          </div>
        )}
      </Field>
      {place !== null && (
        <button type="button" class={`quiet small ${style.go}`} onClick={() => select(area.current!, value, place)}>
          Go to line {place.line}
        </button>
      )}
    </>
  );
}

/** Numbers of lines. One of them is marked. */
function Numbers({ count, marked }: { count: number; marked: number | null }) {
  const from = (first: number, last: number) =>
    Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => `${first + at}\n`).join("");
  if (marked === null || marked > count) return <>{from(1, count)}</>;
  return (
    <>
      {from(1, marked - 1)}
      <b>{marked}</b>
      {`\n${from(marked + 1, count)}`}
    </>
  );
}

/** Marks a line and, if it is known, a character behind the text. */
function Mark({ text, place }: { text: string; place: CodePlace }) {
  const line = text.split("\n")[place.line - 1] ?? "";
  const before = line.slice(0, (place.column ?? 1) - 1);
  return (
    <>
      {"\n".repeat(place.line - 1)}
      <span class={style.line}>
        {before}
        {place.column !== null && <mark>{line[before.length] ?? " "}</mark>}
        {place.column === null ? line || " " : line.slice(before.length + 1)}
      </span>
    </>
  );
}

function select(area: HTMLTextAreaElement, text: string, place: CodePlace): void {
  const offset = offsetOf(text, place);
  area.focus();
  area.setSelectionRange(offset, offset);
  const lineHeight = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (place.line - 3) * lineHeight);
}

/** Begins a new line with the indent of the current one. */
function keepIndent(event: KeyboardEvent): void {
  const area = event.currentTarget as HTMLTextAreaElement;
  const hasModifier = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
  if (event.key !== "Enter" || hasModifier || event.isComposing || area.readOnly) return;
  const indent = indentAt(area.value, area.selectionStart);
  if (indent === "") return;
  event.preventDefault();
  // Unlike a change of `value`, this can be undone by the user.
  document.execCommand("insertText", false, `\n${indent}`);
}
