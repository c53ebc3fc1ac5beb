import type { FrameEnd } from "../../src/sockets/consumer.ts";
import { Consumer } from "../../src/sockets/consumer.ts";
import { EndpointConsumers } from "../../src/sockets/endpoint-consumers.ts";
import { SocketConsumers } from "../../src/sockets/socket-consumers.ts";
import type { Canary } from "./canary.ts";

/** Every so many acknowledgements, one is not heard. */
const UNHEARD_EVERY = 2;

/** Plants a fault in the code that serves consumers. Returns a function that removes it. */
export function plantAtConsumers(canary: Canary | null): () => void {
  switch (canary) {
    case "lost-frame-delivered":
      // A delivery whose consumer has disconnected counts as acknowledged.
      return withEnds((end) => (end.kind === "lost" ? { kind: "ack" } : end));
    case "unheard-acknowledgement": {
      let count = 0;
      return withEnds((end) => (end.kind === "ack" && ++count % UNHEARD_EVERY === 0 ? { kind: "lost" } : end));
    }
    case "unbounded-frames":
      // A consumer without room counts as one with room for one frame.
      return withGetter("room", (consumer, room) => (room === 0 && consumer.outstanding > 0 ? 1 : room));
    case "unguarded-consumers": {
      const { closeAll } = SocketConsumers.prototype;
      SocketConsumers.prototype.closeAll = () => {};
      return () => {
        SocketConsumers.prototype.closeAll = closeAll;
      };
    }
    default:
      return () => {};
  }
}

/** Changes the results of frames. */
function withEnds(change: (end: FrameEnd) => FrameEnd): () => void {
  const { deliver } = EndpointConsumers.prototype;
  EndpointConsumers.prototype.deliver = async function (this: EndpointConsumers, ...args) {
    return change(await deliver.apply(this, args));
  };
  return () => {
    EndpointConsumers.prototype.deliver = deliver;
  };
}

function withGetter(name: "room", change: (consumer: Consumer, value: number) => number): () => void {
  const property = Object.getOwnPropertyDescriptor(Consumer.prototype, name)!;
  Object.defineProperty(Consumer.prototype, name, {
    ...property,
    get(this: Consumer) {
      return change(this, property.get!.call(this));
    },
  });
  return () => void Object.defineProperty(Consumer.prototype, name, property);
}
