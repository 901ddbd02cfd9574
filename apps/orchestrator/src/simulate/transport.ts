import type { MessagePort } from 'node:worker_threads';
import type { Transport } from '@zkfl/fl-core';
import { ZkflError } from '../errors.ts';

/** Bytes that crossed since the last {@link ByteCount.take}, seen from the coordinator. */
export interface ByteCount {
  up: number;
  down: number;
}

interface Arrival {
  readonly from: number;
  readonly message: Uint8Array;
}

/** One end of a wire: what a hospital holds. */
export interface Link {
  send(frame: Uint8Array): void;
  /** Resolves with the next frame, in order; rejects once the link is closed. */
  receive(): Promise<Uint8Array>;
  close(): void;
}

/** First in, first out, across one `await`. */
export class Mailbox<T> {
  readonly #waiting: { resolve: (value: T) => void; reject: (reason: Error) => void }[] = [];
  readonly #arrived: T[] = [];
  #closed: Error | null = null;

  put(value: T): void {
    if (this.#closed) return;
    const waiter = this.#waiting.shift();
    if (waiter) waiter.resolve(value);
    else this.#arrived.push(value);
  }

  take(): Promise<T> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#arrived.shift()!);
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** What arrived and nobody took. */
  drain(): T[] {
    return this.#arrived.splice(0);
  }

  close(reason: Error): void {
    this.#closed = reason;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
  }
}

function frameOf(data: unknown): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new ZkflError('message', `frame: type: got ${typeof data}, want bytes`);
  return data;
}

/** A whole array of its own is handed over, a view is copied: its neighbours stay where they are. */
function post(port: MessagePort, frame: Uint8Array): void {
  const { buffer } = frame;
  const own = buffer instanceof ArrayBuffer && frame.byteLength === buffer.byteLength;
  if (own) port.postMessage(frame, [buffer]);
  else port.postMessage(frame.slice());
}

/** A link over a MessagePort. */
export function portLink(port: MessagePort): Link {
  const mailbox = new Mailbox<Uint8Array>();
  port.on('message', (data: unknown) => mailbox.put(frameOf(data)));
  port.on('close', () => mailbox.close(new ZkflError('worker', 'link: closed')));
  return { send: (frame) => post(port, frame), receive: () => mailbox.take(), close: () => port.close() };
}

/** The coordinator's wires, one MessagePort a hospital, and what went over them. */
export class PortTransport implements Transport {
  readonly #ports: ReadonlyMap<number, MessagePort>;
  readonly #arrivals = new Mailbox<Arrival | null>();
  /** hospitals whose frames go to a handshake */
  readonly #handshakes = new Map<number, Mailbox<Uint8Array>>();
  #count: ByteCount = { up: 0, down: 0 };

  constructor(ports: ReadonlyMap<number, MessagePort>) {
    this.#ports = ports;
    for (const [from, port] of ports)
      port.on('message', (data: unknown) => {
        const message = frameOf(data);
        this.#count.up += message.byteLength;
        const handshake = this.#handshakes.get(from);
        if (handshake) handshake.put(message);
        else this.#arrivals.put({ from, message });
      });
  }

  /** Runs a handshake with one hospital; whatever it sends after its part becomes messages. */
  async handshake<T>(
    from: number,
    run: (wire: {
      readonly send: (bytes: Uint8Array) => Promise<void>;
      readonly receive: () => Promise<Uint8Array>;
    }) => Promise<T>,
  ): Promise<T> {
    const mailbox = new Mailbox<Uint8Array>();
    this.#handshakes.set(from, mailbox);
    try {
      return await run({ send: (bytes) => this.send(from, bytes), receive: () => mailbox.take() });
    } finally {
      this.#handshakes.delete(from);
      for (const message of mailbox.drain()) this.#arrivals.put({ from, message });
    }
  }

  async send(to: string | number, message: Uint8Array): Promise<void> {
    const port = this.#ports.get(Number(to));
    if (port === undefined) throw new ZkflError('protocol', `transport: to: got ${to}, want a hospital`);
    this.#count.down += message.byteLength;
    post(port, message);
  }

  async *messages(): AsyncGenerator<Arrival> {
    for (;;) {
      const arrival = await this.#arrivals.take();
      if (arrival === null) return;
      yield arrival;
    }
  }

  take(): ByteCount {
    const count = this.#count;
    this.#count = { up: 0, down: 0 };
    return count;
  }

  async close(): Promise<void> {
    this.#arrivals.put(null);
    for (const port of this.#ports.values()) port.close();
  }
}
