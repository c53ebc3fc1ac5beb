import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { type EndReason, identify } from "../session.ts";

const TITLES: Readonly<Record<EndReason, string>> = {
  "no-link": "Open this page with a link",
  expired: "This link has expired",
  "not-for-an-application": "This link cannot be used here",
  "for-another-application": "This link cannot be used here",
  "logged-out": "You are logged out",
  "logged-out-here": "You are logged out in this browser",
};

const TEXTS: Readonly<Record<EndReason, string>> = {
  "no-link": "The site that sends you webhooks has a link to this page. Open the page from there.",
  expired: "The link has expired or was revoked. Get a new link from the site that sends you webhooks.",
  "not-for-an-application":
    "This link is not valid for the portal. Get a new link from the site that sends you webhooks.",
  "for-another-application":
    "This link names another account than its token belongs to. Get a new link from the site that sends you webhooks.",
  "logged-out": "Your link no longer works. To return, open this page again from the site that sends you webhooks.",
  "logged-out-here": "The server did not respond, so your link still works until it expires.",
};

/** Explains why there is no session and what the user can do. */
export function EndedPage({ reason }: { reason: EndReason }) {
  return (
    <NoticePage title={TITLES[reason]}>
      <p class="muted">{TEXTS[reason]}</p>
    </NoticePage>
  );
}

export function UnreachablePage({ problem }: { problem: string }) {
  return (
    <NoticePage title="The server cannot be reached">
      <p class="muted">{problem}</p>
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
