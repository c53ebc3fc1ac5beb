import { useEffect } from "preact/hooks";
import { startHistory } from "./history.ts";
import { overview, startLive } from "./live.ts";
import { InboxPage } from "./pages/inbox.tsx";
import { LoginPage } from "./pages/login.tsx";
import { MessagePage } from "./pages/message.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { UnknownPage } from "./pages/unknown.tsx";
import { Header } from "./parts/header.tsx";
import { Shell } from "./parts/shell.tsx";
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
    case "unknown":
      return <UnknownPage />;
  }
}
