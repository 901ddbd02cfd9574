import { Worker } from 'node:worker_threads';
import type { CellResult } from '@zkfl/attacks';
import { ZkflError } from '../errors.ts';
import type { CellReply, CellRequest } from './matrix-worker.ts';
import { cellKey } from './plan.ts';

/** The worker's file beside this one: TypeScript from source, JavaScript once built. */
const workerUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './matrix-worker.ts' : './matrix-worker.js', import.meta.url);

/**
 * Runs `requests` on `threads` worker threads, in order of their place as threads get free; `onResult` is told each
 * result and may be slow. Throws `worker` on the first cell that fails; cells that are done have been reported.
 */
export async function runCells(
  requests: readonly CellRequest[],
  threads: number,
  onResult: (result: CellResult) => Promise<void>,
): Promise<void> {
  let next = 0;
  const workers: Worker[] = [];
  const drain = async (): Promise<void> => {
    if (next >= requests.length) return;
    const worker = new Worker(workerUrl(), { name: `matrix-${workers.length}` });
    workers.push(worker);
    while (next < requests.length) {
      const request = requests[next++]!;
      const reply = await ask(worker, request);
      if (!reply.ok) {
        next = requests.length;
        throw new ZkflError('worker', `attack: cell ${cellKey(request.cell)}: ${reply.error}`);
      }
      await onResult(reply.result);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(threads, requests.length) }, drain));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function ask(worker: Worker, request: CellRequest): Promise<CellReply> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown) =>
      reject(new ZkflError('worker', `attack: cell ${cellKey(request.cell)}: its thread died`, {}, cause));
    const exited = (code: number) => failed(new Error(`exit code ${code}`));
    worker.once('error', failed);
    worker.once('exit', exited);
    worker.once('message', (reply: CellReply) => {
      worker.off('error', failed);
      worker.off('exit', exited);
      resolve(reply);
    });
    worker.postMessage(request);
  });
}
