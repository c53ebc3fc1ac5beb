import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { prettyJson } from "../json.ts";
import style from "./code.module.css";
import { CopyButton } from "./copy-button.tsx";

/**
 * Maximum length of coloured text. Each token is an element, so colouring longer text would slow
 * down the page.
 */
const COLOURED_CHARS_MAX = 50_000;

/** Shows preformatted text with a copy button. */
export function Code({ copy, children }: { copy: string; children: ComponentChildren }) {
  return (
    <div class="code">
      <CopyButton text={copy} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{children}</code>
      </pre>
    </div>
  );
}

/**
 * Shows the body of a request or response. JSON is indented and coloured. The body is always shown
 * as text, never as markup.
 */
export function Body({ text }: { text: string }) {
  const shown = useMemo(() => {
    const tokens = prettyJson(text);
    if (tokens === null) return text;
    if (text.length > COLOURED_CHARS_MAX) return tokens.map((token) => token.text).join("");
    return tokens.map(({ kind, text }) =>
      kind === "mark" || kind === "space" ? text : <span class={style[kind]}>{text}</span>,
    );
  }, [text]);
  return <Code copy={text}>{shown}</Code>;
}
