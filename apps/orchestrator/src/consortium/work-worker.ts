import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { describeError } from '../errors.ts';
import { createWork } from './work-run.ts';
import type { WorkReply, WorkRequest } from './work-threads.ts';

/** A thread of the coordinator that verifies and adds, one job after the other. */
if (parentPort === null) throw new Error('work-worker: got the main thread, want a worker thread');
const owner = parentPort;
// Linux gives a priority to a thread: hospitals are answered while proofs wait, not the other way round.
if (process.platform === 'linux') setPriority(0, 5);
let work: ReturnType<typeof createWork> | null = null;

owner.on('message', async (request: WorkRequest) => {
  if (request.kind === 'setup') {
    work = createWork(request.setup);
    // Whoever gives the first job is told.
    work.catch(() => {});
    return;
  }
  let reply: WorkReply;
  try {
    const { verify, sum } = await work!;
    reply = { ok: true, value: request.kind === 'verify' ? await verify(request.job) : await sum(request.job) };
  } catch (error) {
    reply = { ok: false, error: describeError(error) };
  }
  owner.postMessage(reply);
});
