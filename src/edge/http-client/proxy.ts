import type { Socket, SocketHandler } from "bun";
import { literalAddress } from "../../core/address.ts";
import type { Cancel, Resolver } from "../../ports.ts";
import { dial } from "./dial.ts";
import type { ConnectionEnd } from "./failure.ts";
import { type Handshake, HttpConnect, type ProxyUser, Socks5, type TunnelEnd } from "./proxy-handshake.ts";

/** Ports that proxies use if the URL does not name one. */
const PORTS: Readonly<Record<string, number>> = { "http:": 80, "socks5:": 1080 };
/** Maximum number of addresses of a proxy that are tried for one connection. */
const ADDRESSES_MAX = 4;

/** A proxy through which all connections of a client are opened. */
export class EgressProxy {
  readonly #host: string;
  readonly #port: number;
  readonly #user: ProxyUser | null;
  readonly #isSocks: boolean;

  /** `url` has the scheme `http` or `socks5`. */
  constructor(
    url: string,
    private readonly resolver: Resolver,
  ) {
    const { protocol, hostname, port, username, password } = new URL(url);
    this.#isSocks = protocol === "socks5:";
    this.#host = hostname;
    this.#port = port === "" ? PORTS[protocol]! : Number(port);
    this.#user =
      username === "" && password === ""
        ? null
        : { name: decodeURIComponent(username), password: decodeURIComponent(password) };
  }

  /** Starts opening a tunnel. Calls `opened` or `failed` once, but neither of them after `cancel`. */
  open(end: TunnelEnd, opened: (socket: Socket) => void, failed: (end: ConnectionEnd) => void): ProxyDial {
    const handshake = this.#isSocks ? new Socks5(end, this.#user) : new HttpConnect(end, this.#user);
    return new ProxyDial(this.#addresses(), this.#port, handshake, opened, failed);
  }

  /** Returns the addresses of the proxy. The address policy does not apply to them. */
  #addresses(): Addresses {
    const literal = literalAddress(this.#host);
    return literal === null ? (signal) => this.resolver.resolve(this.#host, signal) : async () => [literal];
  }
}

type Addresses = (signal: AbortSignal) => ReturnType<Resolver["resolve"]>;

/** A tunnel that is being opened. */
export class ProxyDial {
  /** Whether the proxy has accepted the connection, so that it is what waits for the endpoint. */
  isConnected = false;
  readonly #resolving = new AbortController();
  #cancelDial: Cancel = () => {};
  #socket: Socket<ProxyDial> | null = null;
  #hasEnded = false;

  constructor(
    addresses: Addresses,
    private readonly port: number,
    private readonly handshake: Handshake,
    private readonly opened: (socket: Socket) => void,
    private readonly failed: (end: ConnectionEnd) => void,
  ) {
    void this.#start(addresses);
  }

  cancel(): void {
    this.#hasEnded = true;
    this.#resolving.abort();
    this.#cancelDial();
    this.#socket?.terminate();
  }

  async #start(addresses: Addresses): Promise<void> {
    const found = await addresses(this.#resolving.signal);
    if (this.#hasEnded) return;
    if ("kind" in found || found.length === 0) {
      this.#fail({ code: "", proxy: "The host name of the proxy could not be resolved.", isProxyDown: true });
    } else {
      this.#dial(found.slice(0, ADDRESSES_MAX));
    }
  }

  #dial([address, ...others]: readonly string[]): void {
    this.#cancelDial = dial(
      { address: address!, port: this.port },
      (socket) => this.#connected(socket),
      (code) => {
        if (this.#hasEnded) return;
        if (others.length > 0) this.#dial(others);
        else
          this.#fail({
            code,
            proxy: `The proxy cannot be reached (${code}).`,
            proxyAddress: address!,
            isProxyDown: true,
          });
      },
    );
  }

  #connected(socket: Socket): void {
    if (this.#hasEnded) {
      socket.terminate();
      return;
    }
    this.isConnected = true;
    const own = socket as unknown as Socket<ProxyDial>;
    own.data = this;
    own.reload({ socket: handlers });
    this.#socket = own;
    own.write(this.handshake.first);
  }

  #received(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    const step = this.handshake.push(bytes);
    if (step === null) return;
    if (step === "open") this.#hand();
    else if ("send" in step) this.#socket!.write(step.send);
    else this.#fail({ code: "", proxy: step.problem });
  }

  /** Hands the socket over after its handler has returned, because its handlers are replaced. */
  #hand(): void {
    const socket = this.#socket!;
    queueMicrotask(() => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      this.opened(socket as unknown as Socket);
    });
  }

  #fail(end: Omit<ConnectionEnd, "isTls">): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#socket?.terminate();
    this.failed({ ...end, isTls: false });
  }

  static readonly handlers: SocketHandler<ProxyDial> = {
    data: ({ data: tunnel }, bytes) => tunnel.#received(bytes),
    drain() {},
    end: ({ data: tunnel }) => tunnel.#fail(closed),
    close: ({ data: tunnel }) => tunnel.#fail(closed),
    error: ({ data: tunnel }) => tunnel.#fail(closed),
  };
}

const closed = { code: "", proxy: "The proxy closed the connection before the request." };
const { handlers } = ProxyDial;
