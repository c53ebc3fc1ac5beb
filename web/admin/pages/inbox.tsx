import type { InboxRequest } from "../../../src/api/types.ts";
import { BASE } from "../../kit/base.ts";
import type { RowPage } from "../../kit/held-rows.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Body } from "../../kit/parts/code.tsx";
import { HeaderList } from "../../kit/parts/header-list.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { useOnce } from "../../kit/reading.ts";
import { getCustomer } from "../api/customers.ts";
import { getInbox } from "../api.ts";
import { customerLink, messageLink, messagesLink, sendLink } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";
import style from "./inbox.module.css";

interface InboxPageProps {
  readonly app: string;
  readonly inbox: string;
}

/** Shows the requests that a built-in inbox has received, newest first. */
export function InboxPage({ app, inbox }: InboxPageProps) {
  const requests = useResource(inbox, async (signal) => ({ data: await getInbox(inbox, signal) }));
  const customer = useOnce(app, (signal) => getCustomer(app, signal)).value;
  return (
    <>
      <PageHead
        title="Inbox"
        about={
          <>
            The last 100 requests to the built-in test receiver at{" "}
            <code>
              {BASE}/inbox/{inbox}
            </code>
            .
          </>
        }
        above={[
          { title: "Messages", href: messagesLink() },
          { title: customer?.name ?? app, href: customerLink(app) },
        ]}
      >
        <May operation="v1.message.create">
          <a class="button-link outline" href={sendLink({ app })}>
            Send a message
          </a>
        </May>
      </PageHead>
      <Read of={requests}>
        {(latest) => (
          <LiveRows<InboxRequest, RowPage<InboxRequest>>
            latest={latest}
            keyOf={({ id }) => id}
            words={["request", "requests"]}
          >
            {({ data }) =>
              data.length === 0 ? (
                <NoRequests inbox={inbox} />
              ) : (
                <ol class={style.requests}>
                  {data.map((request) => (
                    <li key={request.id}>
                      <Request app={app} request={request} />
                    </li>
                  ))}
                </ol>
              )
            }
          </LiveRows>
        )}
      </Read>
    </>
  );
}

function NoRequests({ inbox }: Pick<InboxPageProps, "inbox">) {
  return (
    <Empty title="No requests yet">
      <p>
        Set the URL of an endpoint to{" "}
        <code>
          {location.origin + BASE}/inbox/{inbox}
        </code>{" "}
        and send a message. It is shown here.
      </p>
    </Empty>
  );
}

function Request({ app, request }: { app: string; request: InboxRequest }) {
  return (
    <article>
      <header>
        <Instant at={request.receivedAt} />
        <code>
          {request.method} {request.path}
        </code>
        <Badge tone={request.status < 300 ? "good" : "bad"}>{`responded ${request.status}`}</Badge>
        {request.messageId !== null && <a href={messageLink(app, request.messageId)}>View message</a>}
      </header>
      {request.body === "" ? <p class="muted small">Empty body</p> : <Body text={request.body} />}
      <details>
        <summary>Headers</summary>
        <HeaderList headers={request.headers} />
      </details>
    </article>
  );
}
