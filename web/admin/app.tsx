import { useEffect } from "preact/hooks";
import { Shell } from "../kit/parts/shell.tsx";
import { startHistory } from "./history.ts";
import { overview, startLive } from "./live.ts";
import { InboxPage } from "./pages/inbox.tsx";
import { LoginPage } from "./pages/login.tsx";
import { MessagePage } from "./pages/message.tsx";
import { NewSourcePage } from "./pages/new-source.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { ReceivedPage, RefusedPage } from "./pages/received.tsx";
import { SourcePage } from "./pages/source.tsx";
import { SourcesPage } from "./pages/sources.tsx";
import { UnknownPage } from "./pages/unknown.tsx";
import { Header } from "./parts/header.tsx";
import { type Route, route } from "./route.ts";
import { token } from "./session.ts";

export function App() {
  return token.value === null ? <LoginPage /> : <LoggedIn />;
}

/** The page after login. The live connection is open while it is mounted. */
function LoggedIn() {
  useEffect(() => {
    const stops = [startLive(), startHistory()];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);

  const environment = overview.value?.environment;
  useEffect(() => {
    document.title = environment === undefined ? "Boathook" : `Boathook · ${environment}`;
  }, [environment]);

  return (
    <Shell header={<Header />} current={route.value}>
      <Page route={route.value} />
    </Shell>
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
    case "sources":
      return <SourcesPage />;
    case "new-source":
      return <NewSourcePage />;
    case "source":
      return <SourcePage key={route.source} source={route.source} />;
    case "received":
      return <ReceivedPage key={route.message} source={route.source} message={route.message} />;
    case "refused":
      return <RefusedPage key={route.entry} source={route.source} entry={route.entry} />;
    case "unknown":
      return <UnknownPage />;
  }
}
