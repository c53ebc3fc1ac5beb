import { useEffect, useRef } from "preact/hooks";
import { startHistory } from "./history.ts";
import { overview, startLive } from "./live.ts";
import { InboxPage } from "./pages/inbox.tsx";
import { LoginPage } from "./pages/login.tsx";
import { MessagePage } from "./pages/message.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { UnknownPage } from "./pages/unknown.tsx";
import { Header } from "./parts/header.tsx";
import { type Route, route } from "./route.ts";
import { token } from "./session.ts";

export function App() {
  return token.value === null ? <LoginPage /> : <LoggedIn />;
}

/** Everything behind the log-in. It lives as long as the session; the live line is opened and closed with it. */
function LoggedIn() {
  useEffect(() => {
    const stops = [startLive(), startHistory()];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);

  const main = useFocusOnNewPage(route.value);
  const environment = overview.value?.environment;
  useEffect(() => {
    document.title = environment === undefined ? "Boathook" : `Boathook · ${environment}`;
  }, [environment]);

  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header />
      <main id="main" class="container" tabIndex={-1} ref={main}>
        <Page route={route.value} />
      </main>
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "overview":
      return <OverviewPage />;
    case "message":
      return <MessagePage app={route.app} message={route.message} />;
    case "inbox":
      return <InboxPage app={route.app} inbox={route.inbox} />;
    case "unknown":
      return <UnknownPage />;
  }
}

/** Moves the focus to the content when another page is shown, so that screen readers and the keyboard start there. */
function useFocusOnNewPage(current: Route) {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(current);
  useEffect(() => {
    if (shown.current === current) return;
    shown.current = current;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [current]);
  return main;
}
