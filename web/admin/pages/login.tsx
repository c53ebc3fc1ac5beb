import { useState } from "preact/hooks";
import { Logo } from "../../kit/parts/logo.tsx";
import { Problem } from "../../kit/parts/notice.tsx";
import { tryToken } from "../api.ts";
import { endedBecause, logIn } from "../session.ts";

export function LoginPage() {
  const [candidate, setCandidate] = useState("");
  const [problem, setProblem] = useState<string | null>(endedBecause.value);
  const [busy, setBusy] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    const trimmed = candidate.trim();
    if (trimmed === "") return setProblem("Enter a token.");
    setBusy(true);
    setProblem(null);
    try {
      await tryToken(trimmed);
      logIn(trimmed);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };

  return (
    <main class="login">
      <form onSubmit={submit} noValidate>
        <Logo size={48} />
        <h1>Boathook</h1>
        <p class="muted">Reliable webhooks</p>
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
          The server printed its root token when it first started, or stored it in the file <code>root-token</code> in
          its data directory. <code>boathook token create --data-dir DIRECTORY</code> creates another one there.
        </p>
      </form>
    </main>
  );
}
