import { parentPort } from 'node:worker_threads';
import { describeError } from '../errors.ts';
import type { CommandReply, CommandRequest } from './commands.ts';
import { HospitalHost } from './hospital-host.ts';

/** The thread of one hospital: commands in, replies out; the protocol itself runs on the MessagePort of each run. */
if (parentPort === null) throw new Error('hospital-worker: got the main thread, want a worker thread');
const operator = parentPort;
const reply = (message: CommandReply) => operator.postMessage(message);
const host = new HospitalHost((broken) => reply({ broken: describeError(broken) }));

operator.on('message', async ({ id, command, input }: CommandRequest) => {
  try {
    const value = await (host[command] as (input: unknown) => Promise<unknown>).call(host, input);
    reply({ id, ok: true, value });
  } catch (error) {
    reply({ id, ok: false, error: describeError(error) });
  }
});
