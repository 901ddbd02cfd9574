import { MessagePort, Worker } from 'node:worker_threads';
import { ZkflError } from '../errors.ts';
import type { CommandReply, CommandRequest, HospitalCommand, HospitalCommands } from './commands.ts';
import { HospitalHost, type Tamper } from './hospital-host.ts';

/** Where a hospital runs, and how the operator reaches it. */
export interface HospitalThread {
  readonly commands: HospitalCommands;
  /** Told once when the hospital cannot go on. */
  onBroken(listener: (reason: ZkflError) => void): void;
  close(): Promise<void>;
}

const FORWARDED: readonly HospitalCommand[] = ['setup', 'join', 'connect', 'account', 'evaluate', 'weights', 'leave'];

/** The worker's file beside this one: TypeScript from source, JavaScript once built. */
const workerUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './hospital-worker.ts' : './hospital-worker.js', import.meta.url);

/** A hospital in a worker thread of its own. */
export function startHospitalThread(id: number): HospitalThread {
  const worker = new Worker(workerUrl(), { name: `hospital-${id}` });
  const pending = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>();
  const listeners: ((reason: ZkflError) => void)[] = [];
  let next = 0;
  const broken = (reason: ZkflError) => {
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
    for (const listener of listeners) listener(reason);
  };
  worker.on('message', (reply: CommandReply) => {
    if ('broken' in reply) return broken(new ZkflError('worker', `hospital ${id}: ${reply.broken}`));
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.ok) call?.resolve(reply.value as never);
    else call?.reject(new ZkflError('worker', `hospital ${id}: ${reply.error}`));
  });
  worker.on('error', (cause) => broken(new ZkflError('worker', `hospital ${id}: its thread died`, { id }, cause)));
  const call = (command: HospitalCommand, input: unknown): Promise<never> =>
    new Promise((resolve, reject) => {
      const request: CommandRequest = { id: next++, command, input };
      pending.set(request.id, { resolve, reject });
      const port = (input as { readonly port?: unknown } | undefined)?.port;
      worker.postMessage(request, port instanceof MessagePort ? [port] : []);
    });
  const commands = Object.fromEntries(
    FORWARDED.map((command) => [command, (input: unknown) => call(command, input)]),
  ) as unknown as HospitalCommands;
  return {
    commands,
    onBroken: (listener) => listeners.push(listener),
    close: async () => {
      await worker.terminate();
    },
  };
}

/** The same hospital on the calling thread: what tests watch and bend. */
export function startHospitalHere(id: number, tamper?: Tamper): HospitalThread {
  const listeners: ((reason: ZkflError) => void)[] = [];
  const commands = new HospitalHost((cause) => {
    for (const listener of listeners) listener(new ZkflError('worker', `hospital ${id}: it stopped`, { id }, cause));
  }, tamper);
  return { commands, onBroken: (listener) => listeners.push(listener), close: async () => {} };
}
