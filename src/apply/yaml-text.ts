/** Reads YAML 1.2, of which JSON is a part. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import type { Fault, Path, Place } from "./faults.ts";

/** Maximum number of values, counting what an alias stands for each time. */
const VALUES_MAX = 1_000_000;
const DEPTH_MAX = 100;
const MERGE_KEY = "<<";

/** Messages about errors that the library explains in other words, by their codes. */
const OWN_TEXTS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "The file must contain one YAML document.",
  RESOURCE_EXHAUSTION: `The file is nested deeper than ${DEPTH_MAX} levels.`,
};

/** How the texts and numbers of a file become values. */
export interface Conversions {
  text(text: string, path: Path): unknown;
  /** `source` is the number as it is written. */
  number(value: number, source: string, path: Path): unknown;
}

/** A parsed file. */
export interface YamlText {
  /** The value as JSON has it. */
  readonly value: unknown;
  /** What is wrong with the text. If there is any fault, the value must not be used. */
  readonly faults: readonly (Fault & { readonly place: Place })[];
  /** Returns the place of a value, or of the innermost value around it that is in the file. */
  placeOf(path: Path): Place;
}

export function readYaml(text: string, conversions: Conversions): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    // The parser may report a level that is too deep several times.
    const tooDeep = problems.find(({ code }) => code === "RESOURCE_EXHAUSTION");
    const faults = (tooDeep === undefined ? problems : [tooDeep]).map(({ code, message, pos }) => ({
      ...{ path: [], place: place(pos[0]) },
      msg: OWN_TEXTS[code] ?? sentence(message),
    }));
    return { value: null, faults, placeOf: () => place(0) };
  }
  const aliases = new Aliases(document);
  const placeOf = (path: Path) => place(offsetOf(document, aliases, path));
  const reader = new Reader(aliases, conversions);
  const value = reader.valueOf(document.contents, []);
  return { value, faults: reader.faults.map((fault) => ({ ...fault, place: placeOf(fault.path) })), placeOf };
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** The nodes that aliases stand for. The library searches the whole document for each alias. */
class Aliases {
  #targets: ReadonlyMap<Alias, Node | undefined> | null = null;

  constructor(private readonly document: Document.Parsed) {}

  targetOf(alias: Alias): Node | undefined {
    this.#targets ??= this.#find();
    return this.#targets.get(alias);
  }

  /** An alias stands for the latest node before it that has its name as an anchor. */
  #find(): ReadonlyMap<Alias, Node | undefined> {
    const targets = new Map<Alias, Node | undefined>();
    const anchored = new Map<string, Node>();
    visit(this.document, {
      Node(_, node) {
        if (isAlias(node)) targets.set(node, anchored.get(node.source));
        else if (node.anchor !== undefined) anchored.set(node.anchor, node);
      },
    });
    return targets;
  }
}

/** Converts the nodes of a document to values. */
class Reader {
  readonly faults: Fault[] = [];
  #values = 0;

  constructor(
    private readonly aliases: Aliases,
    private readonly conversions: Conversions,
  ) {}

  valueOf(node: unknown, path: Path): unknown {
    this.#values++;
    if (this.#values > VALUES_MAX || path.length > DEPTH_MAX) return this.#tooMuch(path);
    if (isAlias(node)) return this.valueOf(this.aliases.targetOf(node), path);
    if (isSeq(node)) return node.items.map((item, i) => this.valueOf(item, [...path, i]));
    if (isMap(node)) return this.#objectOf(node, path);
    return isScalar(node) ? this.#scalarOf(node.value, node.source, path) : null;
  }

  #tooMuch(path: Path): null {
    const what = path.length > DEPTH_MAX ? `is nested deeper than ${DEPTH_MAX} levels` : "has too many values";
    const msg = `The file ${what}.`;
    if (!this.faults.some((fault) => fault.msg === msg)) this.faults.push({ path: path.slice(0, DEPTH_MAX), msg });
    return null;
  }

  #scalarOf(value: unknown, source: string | undefined, path: Path): unknown {
    if (typeof value === "string") return this.conversions.text(value, path);
    if (typeof value === "number") return this.conversions.number(value, source ?? String(value), path);
    return value ?? null;
  }

  #objectOf(map: YAMLMap, path: Path): Record<string, unknown> {
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const { key: node, value } of map.items) {
      const key = keyOf(node);
      if (key === null) {
        this.faults.push({ path, msg: "Keys must be strings." });
      } else if (isMerge(node)) {
        for (const one of this.#mergedMaps(value as Node | null, path)) {
          for (const [name, inner] of Object.entries(one)) if (!merged.has(name)) merged.set(name, inner);
        }
      } else if (own.has(key)) {
        this.faults.push({ path: [...path, key], msg: "This key is used twice." });
      } else {
        own.set(key, this.valueOf(value, [...path, key]));
      }
    }
    return Object.fromEntries([...merged, ...own]);
  }

  /** Returns the objects that a key `<<` merges: one, or a list in which earlier ones take precedence. */
  #mergedMaps(node: Node | null, path: Path): readonly Record<string, unknown>[] {
    const value = this.valueOf(node, path);
    const maps = Array.isArray(value) ? value : [value];
    if (maps.every((one) => typeof one === "object" && one !== null && !Array.isArray(one))) return maps;
    this.faults.push({ path, msg: `The key ${MERGE_KEY} merges only objects.` });
    return [];
  }
}

/** Returns the key of a pair as text, or null if it is not a scalar with a value. */
function keyOf(node: unknown): string | null {
  if (!isScalar(node) || node.value === null || typeof node.value === "object") return null;
  return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}

function isMerge(node: unknown): boolean {
  return isScalar(node) && node.value === MERGE_KEY && node.type === "PLAIN";
}

/** Returns the offset of the key or the item at a path, or of the innermost one that exists. */
function offsetOf(document: Document.Parsed, aliases: Aliases, path: Path): number {
  let node: unknown = document.contents;
  let offset = (document.contents as ParsedNode | null)?.range[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = aliases.targetOf(node);
    const found = isSeq(node) ? { at: node.items[Number(part)], value: node.items[Number(part)] } : pairOf(node, part);
    if (found === null || found.at === undefined) break;
    offset = (found.at as ParsedNode).range?.[0] ?? offset;
    node = found.value;
  }
  return offset;
}

function pairOf(node: unknown, key: string | number): { readonly at: unknown; readonly value: unknown } | null {
  const pair = isMap(node) ? node.items.find((one) => keyOf(one.key) === key) : undefined;
  return pair === undefined ? null : { at: pair.key, value: pair.value };
}
