import { useState } from "preact/hooks";

const THANKS_MS = 1_500;

/** Copies a text. `navigator.clipboard` exists on `https:` and `localhost` only; elsewhere there is no button. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), THANKS_MS);
  };
  return (
    <button type="button" class="quiet copy" onClick={copy}>
      {copied ? "Copied" : label}
    </button>
  );
}
