import { useId, useMemo, useState } from "preact/hooks";
import { base64Of, hexDump, textOf } from "../bytes.ts";
import { prettyJson } from "../json.ts";
import style from "./body-view.module.css";
import { Body, Code } from "./code.tsx";

type Form = "json" | "text" | "hex" | "base64";

const LABELS: Readonly<Record<Form, string>> = {
  json: "JSON, indented",
  text: "Text, as received",
  hex: "Hexadecimal",
  base64: "Base64",
};
/** Maximum number of bytes to show; a browser becomes slow with more. */
const SHOWN_BYTES_MAX = 256 * 1024;

/** Shows a body in one of the forms that fit it. */
export function BodyView({ bytes }: { bytes: Uint8Array<ArrayBuffer> }) {
  const id = useId();
  const [chosen, setChosen] = useState<Form | null>(null);
  const shown = useMemo(() => bytes.subarray(0, SHOWN_BYTES_MAX), [bytes]);
  const text = useMemo(() => (shown.length < bytes.length ? cutText(shown) : textOf(shown)), [shown]);
  const isJson = useMemo(() => text !== null && shown.length === bytes.length && prettyJson(text) !== null, [text]);
  if (bytes.length === 0) return <p class="muted small">Empty body</p>;
  const forms: readonly Form[] = [
    ...(isJson ? ["json" as const] : []),
    ...(text === null ? [] : ["text" as const]),
    "hex",
    "base64",
  ];
  const form = chosen !== null && forms.includes(chosen) ? chosen : forms[0]!;
  return (
    <>
      <div class={style.form}>
        <label for={id}>Show as</label>
        <select id={id} value={form} onChange={(event) => setChosen(event.currentTarget.value as Form)}>
          {forms.map((one) => (
            <option key={one} value={one}>
              {LABELS[one]}
            </option>
          ))}
        </select>
        <span class="muted small">{bytes.length === 1 ? "1 byte" : `${bytes.length} bytes`}</span>
      </div>
      {shown.length < bytes.length && <p class="muted small">Only the first {SHOWN_BYTES_MAX} bytes are shown.</p>}
      {form === "json" ? <Body text={text!} /> : <Plain text={form === "text" ? text! : encoded(form, shown)} />}
    </>
  );
}

function Plain({ text }: { text: string }) {
  return <Code copy={text}>{text}</Code>;
}

function encoded(form: Form, bytes: Uint8Array): string {
  return form === "hex" ? hexDump(bytes) : base64Of(bytes);
}

/** Returns the text of the beginning of a body, which may end within a character; null if it is binary. */
function cutText(bytes: Uint8Array<ArrayBuffer>): string | null {
  for (let end = bytes.length; end > bytes.length - 4; end--) {
    const text = textOf(bytes.subarray(0, end));
    if (text !== null) return text;
  }
  return null;
}
