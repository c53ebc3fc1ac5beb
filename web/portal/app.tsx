import { useEffect, useRef } from "preact/hooks";
import { Loading } from "../parts/notice.tsx";
import { EndedPage, UnreachablePage } from "./pages/ended.tsx";
import { EndpointPage } from "./pages/endpoint.tsx";
import { EndpointsPage } from "./pages/endpoints.tsx";
import { EventTypesPage } from "./pages/event-types.tsx";
import { MessagePage } from "./pages/message.tsx";
import { NewEndpointPage } from "./pages/new-endpoint.tsx";
import { SettingsPage } from "./pages/settings.tsx";
import { UnknownPage } from "./pages/unknown.tsx";
import { Header } from "./parts/header.tsx";
import { type Route, route } from "./route.ts";
import { session, type Who } from "./session.ts";

export function App() {
  const current = session.value;
  switch (current.state) {
    case "checking":
      return (
        <main class="notice-page">
          <Loading />
        </main>
      );
    case "ended":
      return <EndedPage why={current.why} />;
    case "unreachable":
      return <UnreachablePage said={current.said} />;
    case "open":
      return <Open who={current.who} />;
  }
}

const TITLES: Readonly<Record<Route["page"], string>> = {
  endpoints: "Endpoints",
  "new-endpoint": "Add an endpoint",
  endpoint: "Deliveries",
  settings: "Settings",
  message: "Message",
  "event-types": "Event types",
  unknown: "Not found",
};

function Open({ who }: { who: Who }) {
  const main = useFocusOnNewPage(route.value);
  const title = `${TITLES[route.value.page]} · Webhooks${who.appName === "" ? "" : ` · ${who.appName}`}`;
  useEffect(() => {
    document.title = title;
  }, [title]);

  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header who={who} />
      <main id="main" class="container" tabIndex={-1} ref={main}>
        <Page route={route.value} />
      </main>
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "endpoints":
      return <EndpointsPage />;
    case "new-endpoint":
      return <NewEndpointPage />;
    case "endpoint":
      return <EndpointPage key={route.endpoint} id={route.endpoint} />;
    case "settings":
      return <SettingsPage key={route.endpoint} id={route.endpoint} />;
    case "message":
      return <MessagePage key={route.message} endpoint={route.endpoint} message={route.message} />;
    case "event-types":
      return <EventTypesPage />;
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
