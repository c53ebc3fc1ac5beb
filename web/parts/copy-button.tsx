import { useState } from "preact/hooks";
import { copyText } from "../copy.ts";

const THANKS_MS = 1_500;

/** Copies a text. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [result, setResult] = useState<"Copied" | "Not possible" | null>(null);
  const copy = async () => {
    setResult((await copyText(text)) ? "Copied" : "Not possible");
    setTimeout(() => setResult(null), THANKS_MS);
  };
  return (
    <button type="button" class="quiet copy" onClick={copy}>
      <span aria-live="polite">{result ?? label}</span>
    </button>
  );
}
