import { useEffect } from "preact/hooks";
import { Loading } from "../kit/parts/notice.tsx";
import { Shell } from "../kit/parts/shell.tsx";
import { EndedPage, UnreachablePage } from "./pages/ended.tsx";
import { EndpointPage } from "./pages/endpoint.tsx";
import { EndpointsPage } from "./pages/endpoints.tsx";
import { EventTypesPage } from "./pages/event-types.tsx";
import { MessagePage } from "./pages/message.tsx";
import { NewEndpointPage } from "./pages/new-endpoint.tsx";
import { SettingsPage } from "./pages/settings.tsx";
import { TransformationPage } from "./pages/transformation.tsx";
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
      return <EndedPage reason={current.reason} />;
    case "unreachable":
      return <UnreachablePage problem={current.problem} />;
    case "open":
      return <Open who={current.who} />;
  }
}

const TITLES: Readonly<Record<Route["page"], string>> = {
  endpoints: "Endpoints",
  "new-endpoint": "Add endpoint",
  endpoint: "Deliveries",
  transformation: "Transformation",
  settings: "Settings",
  message: "Message",
  "event-types": "Event types",
  unknown: "Page not found",
};

function Open({ who }: { who: Who }) {
  const title = `${TITLES[route.value.page]} · Webhooks${who.appName === "" ? "" : ` · ${who.appName}`}`;
  useEffect(() => {
    document.title = title;
  }, [title]);

  return (
    <Shell header={<Header who={who} />} current={route.value}>
      <Page route={route.value} />
    </Shell>
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
    case "transformation":
      return <TransformationPage key={route.endpoint} id={route.endpoint} />;
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
