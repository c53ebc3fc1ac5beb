import { useEffect, useLayoutEffect } from "preact/hooks";
import { address } from "../kit/address.ts";
import { findPage } from "../kit/routes.tsx";
import { Frame } from "./frame/frame.tsx";
import { overview, startLive } from "./live.ts";
import { startRate } from "./overview/rate.ts";
import { LoginPage, UnknownEnvironmentPage, UnreachablePage } from "./pages/login.tsx";
import { DeniedPage, UnknownPage } from "./pages/unknown.tsx";
import { PAGES } from "./pages.ts";
import { startSearch } from "./search/shortcut.ts";
import { mayOpen, ownerOf, session } from "./session.ts";

export function App() {
  const current = session.value;
  switch (current.state) {
    case "checking":
      return null;
    case "unreachable":
      return <UnreachablePage problem={current.problem} />;
    case "unknown-environment":
      return <UnknownEnvironmentPage />;
    case "ended":
      return <LoginPage reason={current.reason} />;
    case "open":
      // Another owner gets a new page, which shows nothing of the earlier owner's.
      return <LoggedIn key={ownerOf(current.session)} />;
  }
}

/** The page after login. The live connection is open while it is mounted. */
function LoggedIn() {
  useLayoutEffect(startLive, []);
  // Whoever sees the search button may press its key; an effect would listen only after the next picture.
  useLayoutEffect(startSearch, []);
  useEffect(startRate, []);

  const found = findPage(PAGES, address.value.path);
  const environment = overview.value?.environment;
  useEffect(() => {
    const parts = [found?.entry.title ?? "Page not found", environment, "Boathook"];
    document.title = parts.filter((part) => part !== undefined).join(" · ");
  }, [found?.entry, environment]);

  // Filters change the address without leading to another page, so the path alone names the page.
  return (
    <Frame current={address.value.path.join("/")}>
      {found === null ? (
        <UnknownPage />
      ) : mayOpen(found.entry) ? (
        found.entry.render(found.params)
      ) : (
        <DeniedPage title={found.entry.title} />
      )}
    </Frame>
  );
}
