import { useState } from "preact/hooks";
import { copyText } from "../copy.ts";

const RESULT_MS = 1_500;

/** Shows a button that copies text to the clipboard. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [result, setResult] = useState<"Copied" | "Copy failed" | null>(null);
  const copy = async () => {
    setResult((await copyText(text)) ? "Copied" : "Copy failed");
    setTimeout(() => setResult(null), RESULT_MS);
  };
  return (
    <button type="button" class="quiet copy" onClick={copy}>
      <span aria-live="polite">{result ?? label}</span>
    </button>
  );
}
