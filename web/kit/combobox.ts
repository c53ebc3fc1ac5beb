import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** What a combobox knows and does: searching for options and choosing one. */

/** A value that can be chosen. */
export interface Option {
  readonly value: string;
  readonly label: string;
  /** More about the option, such as the uid of a customer. */
  readonly detail?: string;
}

/** Where a combobox gets its options. */
export interface OptionSource {
  /** Returns the options that match a text; for an empty text the first ones. */
  search(text: string, signal: AbortSignal): Promise<readonly Option[]>;
  /** Returns the label of a value; null if the value does not exist. Without it the value is its own label. */
  readonly labelOf?: (value: string, signal: AbortSignal) => Promise<string | null>;
  /** Whether a text that is no option may be chosen too. */
  readonly isFree?: boolean;
}

/** What is chosen, and from what. */
export interface Choice {
  /** The chosen value; empty if none is. */
  readonly value: string;
  readonly source: OptionSource;
  /** Called with an empty text when the choice is removed. */
  readonly onChoose: (value: string) => void;
}

/** Time after the last key press before the options are searched. */
const TYPING_PAUSE_MS = 150;
/** Width of the list of options at which it opens to the left if there is no space to the right. */
const POPUP_WIDTH_PX = 448;

interface Found {
  readonly options: readonly Option[];
  readonly error: Error | null;
  readonly isSearching: boolean;
}

export interface Choosing extends Found {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly shownText: string;
  readonly isOpen: boolean;
  /** The position of the option that Enter chooses; -1 if it chooses none. */
  readonly active: number;
  /** The side of the input at which the list begins. */
  readonly side: "left" | "right";
  type(text: string): void;
  open(): void;
  /** Closes the list. A free text stays, any other typed text is discarded. */
  dismiss(): void;
  choose(option: Option): void;
  /** Applies what was typed: an empty text removes the choice, and a free text is chosen. */
  apply(): void;
  step(by: 1 | -1): void;
  enter(): void;
}

export function useChoosing({ value, source, onChoose }: Choice): Choosing {
  const [label, rememberLabel] = useLabel(value, source);
  /** What the user has typed; null if the input shows the chosen option. */
  const [text, setText] = useState<string | null>(null);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [side, setSide] = useState<Choosing["side"]>("left");
  const box = useRef<HTMLDivElement>(null);
  const found = useOptions(isOpen, text ?? "", source);
  const { options } = found;
  const isFree = source.isFree ?? false;

  // Without free texts, Enter chooses the first match.
  useEffect(() => setActive(text !== null && text.trim() !== "" && !isFree ? 0 : -1), [options]);

  const open = () => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    setSide(left > innerWidth / 2 && left + POPUP_WIDTH_PX > innerWidth ? "right" : "left");
    setOpen(true);
  };
  const close = () => {
    setOpen(false);
    setText(null);
  };
  const dismiss = () => {
    if (isFree) setOpen(false);
    else close();
  };
  const choose = (option: Option) => {
    rememberLabel(option);
    close();
    if (option.value !== value) onChoose(option.value);
  };
  const apply = () => {
    const typed = text?.trim();
    close();
    if (typed === undefined || typed === value) return;
    if (typed === "" || isFree) onChoose(typed);
  };
  const enter = () => {
    const option = options[active];
    if (option !== undefined) choose(option);
    else if (isFree || text?.trim() === "") apply();
  };
  const type = (typed: string) => {
    setText(typed);
    open();
  };
  const step = (by: 1 | -1) => setActive(stepped(active, by, options.length));
  const shownText = text ?? (value === "" ? "" : label);
  return { ...found, box, shownText, isOpen, active, side, type, open, dismiss, choose, apply, step, enter };
}

const NOTHING_YET: Found = { options: [], error: null, isSearching: true };

/** Searches while the list is open. The options found before are kept until the next ones arrive. */
function useOptions(isOpen: boolean, text: string, source: OptionSource): Found {
  const [found, setFound] = useState(NOTHING_YET);
  useEffect(() => {
    if (!isOpen) {
      setFound(NOTHING_YET);
      return;
    }
    const stop = new AbortController();
    const search = async () => {
      try {
        const options = await source.search(text.trim(), stop.signal);
        if (!stop.signal.aborted) setFound({ options, error: null, isSearching: false });
      } catch (error) {
        if (!stop.signal.aborted) setFound({ options: [], error: error as Error, isSearching: false });
      }
    };
    const timer = setTimeout(search, text === "" ? 0 : TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [isOpen, text, source]);
  return found;
}

/** Returns the label of the chosen value. Until it is known, and if there is none, the value stands in its place. */
function useLabel(value: string, source: OptionSource): [string, (option: Option) => void] {
  const [known, setKnown] = useState<Option>({ value: "", label: "" });
  useEffect(() => {
    if (value === "" || value === known.value || source.labelOf === undefined) return;
    const stop = new AbortController();
    source.labelOf(value, stop.signal).then(
      (label) => {
        if (label !== null && !stop.signal.aborted) setKnown({ value, label });
      },
      () => {}, // The value itself is shown.
    );
    return () => stop.abort();
  }, [value, source]);
  return [known.value === value ? known.label : value, setKnown];
}

function stepped(active: number, step: 1 | -1, count: number): number {
  if (count === 0) return -1;
  if (active < 0) return step > 0 ? 0 : count - 1;
  return (active + step + count) % count;
}
