import style from "./scope-choice.module.css";
import { SCOPE_RESOURCES, type ScopeAction, scopeOf } from "./scopes.ts";

const ACTIONS: readonly ScopeAction[] = ["Read", "Write"];

interface ScopeChoiceProps {
  readonly chosen: ReadonlySet<string>;
  readonly onChange: (chosen: ReadonlySet<string>) => void;
  readonly problem: string | null;
}

/** Chooses the scopes of a token: for each resource, whether the token may read and write. */
export function ScopeChoice({ chosen, onChange, problem }: ScopeChoiceProps) {
  const set = (scope: string, isChosen: boolean) => {
    const next = new Set(chosen);
    if (isChosen) next.add(scope);
    else next.delete(scope);
    onChange(next);
  };
  return (
    <fieldset class={style.scopes} aria-label="Scopes">
      <p class={`muted small ${style.help}`}>“Write” does not include “Read”. “Read” includes secrets.</p>
      <div class={style.grid}>
        {SCOPE_RESOURCES.map((resource) => (
          <div key={resource.name} class={style.resource}>
            <span class={style.name}>{resource.label}</span>
            {ACTIONS.map((action) => {
              const scope = scopeOf(resource, action);
              return (
                <label key={action}>
                  <input
                    type="checkbox"
                    aria-label={`${action} ${resource.label}`}
                    checked={chosen.has(scope)}
                    onChange={(event) => set(scope, event.currentTarget.checked)}
                  />
                  {action}
                </label>
              );
            })}
          </div>
        ))}
      </div>
      {problem !== null && (
        <small class={style.problem} role="alert">
          {problem}
        </small>
      )}
    </fieldset>
  );
}
