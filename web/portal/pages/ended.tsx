import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { type Ending, identify } from "../session.ts";

const TITLES: Readonly<Record<Ending, string>> = {
  "no-link": "This page needs a link",
  expired: "This link has expired",
  "not-for-an-application": "This link is not for this page",
  "logged-out": "You are logged out",
  "logged-out-here": "You are logged out here",
};

const WORDS: Readonly<Record<Ending, string>> = {
  "no-link": "Open your webhooks from the site that sends them to you: it gives you a link that lets you in.",
  expired:
    "It was good for a limited time, or was ended. Ask for a new one where you got it: opening your webhooks there again is usually enough.",
  "not-for-an-application": "Its token is not for one application. Ask for a new link where you got it.",
  "logged-out": "The link that you came with has ended. To come back, open your webhooks where you got it.",
  "logged-out-here": "The server could not be told, so the link itself works until it expires.",
};

/** Why there is nothing to be seen, and what to do about it. */
export function EndedPage({ why }: { why: Ending }) {
  return (
    <NoticePage title={TITLES[why]}>
      <p class="muted">{WORDS[why]}</p>
    </NoticePage>
  );
}

export function UnreachablePage({ said }: { said: string }) {
  return (
    <NoticePage title="Your webhooks cannot be shown now">
      <p class="muted">{said}</p>
      <button type="button" onClick={() => void identify()}>
        Try again
      </button>
    </NoticePage>
  );
}

function NoticePage({ title, children }: { title: string; children: ComponentChildren }) {
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main class="notice-page">
      <div role="alert">
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
