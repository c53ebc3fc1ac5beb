import { address } from "../../kit/address.ts";
import { Loading, Problem } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { messagesLink } from "../links.ts";
import { useDraft } from "../send/draft.ts";
import { SendForm } from "../send/form.tsx";

/** Writes and sends a message. The address can fill in the form: see `sendLink`. */
export function SendPage() {
  const { app = null, type = null, message = null } = address.value.query;
  return <Page key={`${app} ${type} ${message}`} app={app} type={type} message={message} />;
}

function Page(filled: { app: string | null; type: string | null; message: string | null }) {
  const { draft, setDraft, error } = useDraft(filled);
  return (
    <>
      <PageHead
        title="Send a message"
        about="Write a message, see which endpoints will get it, and send it."
        above={[{ title: "Messages", href: messagesLink() }]}
      />
      {error !== null && <Problem>{error.message}</Problem>}
      {draft === null ? <Loading /> : <SendForm draft={draft} onChange={setDraft} />}
    </>
  );
}
