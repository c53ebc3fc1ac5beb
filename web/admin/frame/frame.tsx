import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useFocusOnNewPage } from "../../kit/focus.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Logo } from "../../kit/parts/logo.tsx";
import { OVERVIEW } from "../links.ts";
import { isSampled, type LiveState, liveState } from "../live.ts";
import { logOut } from "../login.ts";
import { Search } from "../search/search-box.tsx";
import { isReadOnly } from "../session.ts";
import { EnvironmentMenu } from "./environment-menu.tsx";
import style from "./frame.module.css";
import { Navigation } from "./navigation.tsx";

/**
 * The frame of every page: the bar, the navigation and the page itself. When `current` changes, the
 * focus moves to the page, so that screen readers and keyboard users start there.
 */
export function Frame({ current, children }: { current: string; children: ComponentChildren }) {
  const main = useFocusOnNewPage(current);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [current]);
  return (
    <div class={style.frame}>
      <button type="button" class={style.skip} onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class={style.bar}>
        <button
          type="button"
          class={`quiet ${style.menu}`}
          aria-expanded={isOpen}
          aria-controls="navigation"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
        <a class={style.brand} href={OVERVIEW} aria-label="Boathook, overview">
          <Logo />
          <strong>Boathook</strong>
        </a>
        <EnvironmentMenu />
        {isReadOnly.value && <Badge tone="idle">read only</Badge>}
        <LiveIndicator />
        <span class={style.space} />
        <Search />
        <button type="button" class="quiet" onClick={() => void logOut()}>
          Log out
        </button>
      </header>
      <div id="navigation" class={style.side} data-open={isOpen ? "" : undefined}>
        <Navigation />
      </div>
      <main id="main" class={style.main} tabIndex={-1} ref={main}>
        {children}
      </main>
    </div>
  );
}

const LIVE_TEXT: Record<LiveState, string> = { connecting: "connecting", live: "live", reconnecting: "reconnecting" };

const SAMPLED =
  "Changes are too frequent to show one by one. The numbers are current; lists and open messages reload every few seconds.";

function LiveIndicator() {
  const state = liveState.value;
  const isSample = state === "live" && isSampled.value;
  return (
    <span
      class={style.live}
      data-state={state}
      role="status"
      title={isSample ? SAMPLED : "Connection for live updates"}
    >
      {isSample ? "live, sampled" : LIVE_TEXT[state]}
    </span>
  );
}
