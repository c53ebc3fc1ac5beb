import { Logo } from "../../kit/parts/logo.tsx";
import { type LiveState, liveState, overview } from "../live.ts";
import { OVERVIEW, SOURCES } from "../route.ts";
import { logOut } from "../session.ts";

const LIVE_TEXT: Record<LiveState, string> = { connecting: "connecting", live: "live", reconnecting: "reconnecting" };

export function Header() {
  const environment = overview.value?.environment;
  return (
    <header class="site-header">
      <div class="container">
        <a class="brand" href={OVERVIEW}>
          <Logo />
          <strong>Boathook</strong>
          {environment !== undefined && (
            <span class="environment" title="Environment">
              {environment}
            </span>
          )}
        </a>
        <LiveIndicator />
        <nav aria-label="Main">
          <a href={SOURCES}>Sources</a>
          <a href="../docs">API</a>
          <button type="button" class="quiet" onClick={() => logOut()}>
            Log out
          </button>
        </nav>
      </div>
    </header>
  );
}

function LiveIndicator() {
  const state = liveState.value;
  return (
    <span class={`live live-${state}`} role="status" title="Connection for live updates">
      {LIVE_TEXT[state]}
    </span>
  );
}
