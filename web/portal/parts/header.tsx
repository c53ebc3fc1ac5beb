import { ENDPOINTS, EVENT_TYPES, route } from "../route.ts";
import { logOut, may, type Who } from "../session.ts";
import { useAction } from "./action.tsx";

/** Shows the application's name. No brand is shown, because the page is part of another product. */
export function Header({ who }: { who: Who }) {
  const action = useAction();
  const inCatalogue = route.value.page === "event-types";
  return (
    <header class="site-header">
      <div class="container">
        <span class="whose">
          <strong>Webhooks</strong>
          {who.appName !== "" && <span class="environment">{who.appName}</span>}
        </span>
        <nav aria-label="Main">
          <a href={ENDPOINTS} aria-current={inCatalogue ? undefined : "page"}>
            Endpoints
          </a>
          {may("v1.event-type.list") && (
            <a href={EVENT_TYPES} aria-current={inCatalogue ? "page" : undefined}>
              Event types
            </a>
          )}
          <button type="button" class="quiet" disabled={action.busy} onClick={() => action.run(logOut)}>
            Log out
          </button>
        </nav>
      </div>
    </header>
  );
}
