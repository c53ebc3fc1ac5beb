import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Logo } from "../../kit/parts/logo.tsx";
import { Problem } from "../../kit/parts/notice.tsx";
import { addressedEnvironment, environmentLink } from "../environment.ts";
import { checkSession, keepAddress, logIn, loginOptions } from "../login.ts";
import style from "./login.module.css";

/** Shown while the browser is not logged in. `reason` says why a session or a login has ended. */
export function LoginPage({ reason }: { reason: string | null }) {
  const [candidate, setCandidate] = useState("");
  const [problem, setProblem] = useState<string | null>(reason);
  const [busy, setBusy] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    const trimmed = candidate.trim();
    if (trimmed === "") return setProblem("Enter a token.");
    setBusy(true);
    setProblem(null);
    try {
      await logIn(trimmed);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };

  return (
    <LoginFrame onSubmit={submit}>
      <ProviderLogin />
      <label for="token">Token</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        placeholder="Paste a token"
        value={candidate}
        onInput={(event) => setCandidate(event.currentTarget.value)}
        aria-invalid={problem === null ? undefined : "true"}
        aria-describedby="token-help"
      />
      {problem !== null && <Problem>{problem}</Problem>}
      <button type="submit" aria-busy={busy} disabled={busy}>
        Log in
      </button>
      <p id="token-help" class="muted small">
        The server printed its root token when it first started, or stored it in the file <code>root-token</code> in its
        data directory. <code>boathook token create --data-dir DIRECTORY</code> creates another one there.
      </p>
    </LoginFrame>
  );
}

/** Shown if the server could not be asked whether the browser is logged in. */
export function UnreachablePage({ problem }: { problem: string }) {
  const [busy, setBusy] = useState(false);
  const retry = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    await checkSession();
    setBusy(false);
  };
  return (
    <LoginFrame onSubmit={retry}>
      <Problem>{problem}</Problem>
      <button type="submit" aria-busy={busy} disabled={busy}>
        Try again
      </button>
    </LoginFrame>
  );
}

/** Shown if the environment in the address does not exist, or the session may not use it. */
export function UnknownEnvironmentPage() {
  useEffect(() => {
    document.title = "Environment not found · Boathook";
  }, []);
  return (
    <main class="login">
      <div class={style.notice}>
        <h1>Environment not found</h1>
        <p>
          Your session has no environment <strong>{addressedEnvironment}</strong>. It may have been renamed or deleted,
          or your token belongs to another one.
        </p>
        <a class="button-link" href={environmentLink(null)}>
          Open your environment
        </a>
      </div>
    </main>
  );
}

function LoginFrame({ onSubmit, children }: { onSubmit: (event: Event) => void; children: ComponentChildren }) {
  useEffect(() => {
    document.title = "Log in · Boathook";
  }, []);
  return (
    <main class="login">
      <form onSubmit={onSubmit} noValidate>
        <Logo size={48} />
        <h1>Boathook</h1>
        <p class="muted">Reliable webhooks</p>
        {children}
      </form>
    </main>
  );
}

/** A link to the login at the identity provider, if the server has one. */
function ProviderLogin() {
  const { oidc } = loginOptions();
  if (oidc === null) return null;
  return (
    <>
      <a class={`button-link ${style.provider}`} href={oidc.url} onClick={keepAddress}>
        Log in at {oidc.name}
      </a>
      <p class={style.or}>or with a token</p>
    </>
  );
}
