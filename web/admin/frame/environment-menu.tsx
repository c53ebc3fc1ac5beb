import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../kit/parts/notice.tsx";
import { getEnvironments } from "../api/installation.ts";
import { environmentLink } from "../environment.ts";
import { ENVIRONMENTS } from "../links.ts";
import { overview } from "../live.ts";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import style from "./environment-menu.module.css";

/** The name of the environment in use. If the session may use others, it opens a menu of them. */
export function EnvironmentMenu() {
  const name = overview.value?.environment;
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!isOpen) return;
    const close = ({ target }: Event) => {
      if (!root.current?.contains(target as Node)) setOpen(false);
    };
    const closeByKey = ({ key }: KeyboardEvent) => {
      if (key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    addEventListener("pointerdown", close);
    addEventListener("focusin", close);
    addEventListener("keydown", closeByKey);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("focusin", close);
      removeEventListener("keydown", closeByKey);
    };
  }, [isOpen]);

  if (name === undefined) return null;
  if (!may("v1.management.environment.list")) {
    return (
      <span class={style.name} title="Environment">
        {name}
      </span>
    );
  }
  return (
    <div class={style.root} ref={root}>
      <button
        type="button"
        class={style.name}
        ref={button}
        aria-label={`Environment ${name}`}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {name} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && <Panel inUse={name} onChoose={() => setOpen(false)} />}
    </div>
  );
}

function Panel({ inUse, onChoose }: { inUse: string; onChoose: () => void }) {
  const [{ value, error }] = useLoaded("", (signal) => getEnvironments(null, signal));
  return (
    <nav class={style.panel} aria-label="Environments">
      {error !== null && <Problem>{error.message}</Problem>}
      {value?.data.map(({ id, name }) => (
        <a key={id} href={environmentLink(name)} aria-current={name === inUse ? "true" : undefined}>
          {name}
        </a>
      ))}
      <a href={ENVIRONMENTS} onClick={onChoose}>
        {value?.done === false ? "All environments" : "Manage environments"}
      </a>
    </nav>
  );
}
