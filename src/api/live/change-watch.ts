import type { FactOf } from "../../core/fact.ts";
import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import type { Signals } from "../../core/signal.ts";
import { type ChangedItems, LISTED_MAX, listedKinds } from "./changed.ts";

/** Where changes are collected. */
interface Sink {
  readonly isEmpty: boolean;
  /** Returns where to collect a change of an environment; null if nobody listens. */
  itemsOf(environmentSeq: Seq): ChangedItems | null;
  /** Returns where to collect a change of all environments that somebody listens to. */
  everywhere(): readonly ChangedItems[];
  /** Called after a change of an endpoint whose environment is not known yet. */
  wake(): void;
}

interface Parts {
  readonly facts: Facts;
  readonly signals: Signals;
  environmentOf(applicationSeq: Seq): Promise<Seq | null>;
}

/**
 * Notes what the facts and signals change. Facts about messages and attempts come thousands of
 * times per second, so noting one only adds a few numbers to bounded sets.
 */
export class ChangeWatch {
  /** Changed endpoints and their applications, until their environments are read. */
  readonly #unplaced = new Map<Seq, Seq>();

  constructor(
    private readonly sink: Sink,
    private readonly parts: Parts,
  ) {
    this.#watchMessages(parts.facts);
    this.#watchDeadLetters(parts.facts);
    this.#watchOthers(parts);
    const endpoint = this.#endpoint.bind(this);
    parts.facts.on(["endpoint.failing", "endpoint.recovered", "endpoint.disabled"], endpoint);
    parts.signals.react(["endpoint.changed"], endpoint);
  }

  /** Notes the changed endpoints in their environments. */
  async placeEndpoints(): Promise<void> {
    const changed = [...this.#unplaced];
    this.#unplaced.clear();
    for (const [endpointSeq, applicationSeq] of changed) {
      const environmentSeq = await this.parts.environmentOf(applicationSeq).catch(() => null);
      // An environment that cannot be read may be any.
      const places = environmentSeq === null ? this.sink.everywhere() : [this.sink.itemsOf(environmentSeq)];
      for (const items of places) {
        items?.topic("endpoints");
        if (environmentSeq === null) items?.many("endpoints");
        else items?.item("endpoints", endpointSeq);
      }
    }
  }

  #endpoint({ endpointSeq, applicationSeq }: { readonly endpointSeq: Seq; readonly applicationSeq: Seq }): void {
    if (this.sink.isEmpty) return;
    if (this.#unplaced.size < LISTED_MAX) this.#unplaced.set(endpointSeq, applicationSeq);
    else if (!this.#unplaced.has(endpointSeq)) {
      for (const items of this.sink.everywhere()) {
        items.topic("endpoints");
        items.many("endpoints");
      }
    }
    this.sink.wake();
  }

  #watchMessages(facts: Facts): void {
    facts.on(["message.accepted"], ({ environmentSeq, applicationSeq }) => {
      const items = this.sink.itemsOf(environmentSeq);
      if (items === null) return;
      items.topic("messages");
      items.topic("deliveries");
      items.item("applications", applicationSeq);
    });
    facts.on(["attempt.finished"], (fact) => {
      const items = this.sink.itemsOf(fact.environmentSeq);
      if (items !== null) noteAttempt(items, fact);
    });
    facts.on(["delivery.resent"], ({ environmentSeq, endpointSeq, messageSeq, was }) => {
      const items = this.sink.itemsOf(environmentSeq);
      items?.topic("deliveries");
      if (was === "dead") items?.topic("deadLetters");
      items?.item("messages", messageSeq);
      items?.item("endpoints", endpointSeq);
    });
    facts.on(["deliveries.cancelled"], ({ environmentSeq, messageSeq, endpoints }) => {
      const items = this.sink.itemsOf(environmentSeq);
      noteDeliveries(items);
      if (messageSeq !== null) items?.item("messages", messageSeq);
      else items?.topic("tasks");
      for (const endpointSeq of endpoints) items?.item("endpoints", endpointSeq);
    });
    facts.on(["messages.expunged"], ({ environmentSeq, endpoints }) => {
      const items = this.sink.itemsOf(environmentSeq);
      noteDeliveries(items);
      items?.topic("messages");
      for (const endpointSeq of endpoints) items?.item("endpoints", endpointSeq);
    });
  }

  #watchDeadLetters(facts: Facts): void {
    const types = ["deliveries.buried", "deliveries.redriven", "deadletters.dropped", "application.arrived"] as const;
    facts.on(types, ({ environmentSeq }) => {
      const items = this.sink.itemsOf(environmentSeq);
      noteDeliveries(items);
      items?.topic("deadLetters");
      items?.topic("tasks");
      items?.many("endpoints");
      items?.many("applications");
    });
    facts.on(["deliveries.resent"], ({ environmentSeq, endpointSeq, was }) => {
      const items = this.sink.itemsOf(environmentSeq);
      noteDeliveries(items);
      items?.topic("tasks");
      if (was.dead > 0) items?.topic("deadLetters");
      items?.item("endpoints", endpointSeq);
    });
  }

  #watchOthers({ facts, signals }: Parts): void {
    facts.on(["source.received", "source.connection"], ({ environmentSeq, sourceSeq }) => {
      const items = this.sink.itemsOf(environmentSeq);
      items?.topic("sources");
      items?.item("sources", sourceSeq);
    });
    facts.on(["task.ended"], ({ environmentSeq }) => this.sink.itemsOf(environmentSeq)?.topic("tasks"));
    facts.on(["backlog.growing", "backlog.recovered"], ({ environmentSeq }) => {
      this.sink.itemsOf(environmentSeq)?.topic("environment");
    });
    signals.react(["application.changed"], ({ environmentSeq, applicationSeq }) => {
      const items = this.sink.itemsOf(environmentSeq);
      items?.topic("applications");
      items?.topic("endpoints");
      items?.item("applications", applicationSeq);
    });
    signals.react(["source.changed"], ({ environmentSeq, sourceSeq }) => {
      const items = this.sink.itemsOf(environmentSeq);
      items?.topic("sources");
      items?.item("sources", sourceSeq);
    });
    signals.react(["eventtype.changed"], ({ environmentSeq }) => {
      this.sink.itemsOf(environmentSeq)?.topic("eventTypes");
    });
    signals.react(["environment.paused"], ({ environmentSeq }) => {
      this.sink.itemsOf(environmentSeq)?.topic("environment");
    });
    signals.react(["delivery.held", "environment.changed"], () => {
      for (const items of this.sink.everywhere()) items.topic("environment");
    });
    signals.react(["others.committed"], () => {
      for (const items of this.sink.everywhere()) noteFacts(items);
    });
    // Changes by other processes may have been missed.
    signals.react(["store.changed"], () => {
      for (const items of this.sink.everywhere()) items.all();
    });
  }
}

function noteAttempt(items: ChangedItems, { next, was, ...fact }: FactOf<"attempt.finished">): void {
  items.topic("deliveries");
  if (next === "dead" || was === "dead") items.topic("deadLetters");
  items.item("messages", fact.messageSeq);
  items.item("endpoints", fact.endpointSeq);
  items.item("applications", fact.applicationSeq);
}

/** The topics of facts. Signals report the other changes of other processes. */
const TOPICS_OF_FACTS = ["messages", "deliveries", "deadLetters", "sources", "tasks"] as const;

/** Notes that other processes may have published any fact. */
function noteFacts(items: ChangedItems): void {
  for (const topic of TOPICS_OF_FACTS) items.topic(topic);
  for (const kind of listedKinds) items.many(kind);
}

/** Notes that the deliveries of any messages have changed. */
function noteDeliveries(items: ChangedItems | null): void {
  items?.topic("deliveries");
  items?.many("messages");
}
