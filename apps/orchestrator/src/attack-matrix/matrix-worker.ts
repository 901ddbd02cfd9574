import { parentPort } from 'node:worker_threads';
import { type CellConfig, type CellResult, runCell, type Workload } from '@zkfl/attacks';
import { describeError } from '../errors.ts';
import { loadWorkload, type WorkloadRequest } from './workloads.ts';

export interface CellRequest {
  readonly cell: CellConfig;
  readonly workload: WorkloadRequest;
}
export type CellReply =
  | { readonly ok: true; readonly result: CellResult }
  | { readonly ok: false; readonly error: string };

/** A thread that trains one cell after the other; the workload of the last seed is kept. */
if (parentPort === null) throw new Error('matrix-worker: got the main thread, want a worker thread');
const owner = parentPort;
let kept: { readonly key: string; readonly workload: Workload } | null = null;

owner.on('message', async ({ cell, workload }: CellRequest) => {
  let reply: CellReply;
  try {
    const key = JSON.stringify(workload);
    if (kept?.key !== key) kept = { key, workload: await loadWorkload(workload) };
    reply = { ok: true, result: await runCell(cell, kept.workload) };
  } catch (error) {
    reply = { ok: false, error: describeError(error) };
  }
  owner.postMessage(reply);
});
