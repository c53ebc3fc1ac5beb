import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { prettyJson } from "../json.ts";
import { CopyButton } from "./copy-button.tsx";

/** Above this many characters the text is shown plain: an element for each of its tokens would slow the page down. */
const COLOURED_CHARS_MAX = 50_000;

/** A block of text as it is, with a button that copies it. */
export function Code({ copy, children }: { copy: string; children: ComponentChildren }) {
  return (
    <div class="code">
      <CopyButton text={copy} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <pre tabIndex={0}>
        <code>{children}</code>
      </pre>
    </div>
  );
}

/** A body: JSON indented and coloured, anything else as it came. It is always text and never becomes markup. */
export function Body({ text }: { text: string }) {
  const shown = useMemo(() => {
    const tokens = prettyJson(text);
    if (tokens === null) return text;
    if (text.length > COLOURED_CHARS_MAX) return tokens.map((token) => token.text).join("");
    return tokens.map(({ kind, text }) =>
      kind === "mark" || kind === "space" ? text : <span class={`json-${kind}`}>{text}</span>,
    );
  }, [text]);
  return <Code copy={text}>{shown}</Code>;
}
