import { parentPort } from 'node:worker_threads';
import { describeError } from '../errors.ts';
import { createProofCheck } from '../wiring/verifier.ts';
import { Meter } from './meter.ts';
import type { VerifierReply, VerifierRequest } from './verifier-pool.ts';

/** A thread of the coordinator that verifies proofs, one after the other. */
if (parentPort === null) throw new Error('verifier-worker: got the main thread, want a worker thread');
const owner = parentPort;
const meter = new Meter();
let check: ReturnType<typeof createProofCheck> | null = null;

owner.on('message', async (request: VerifierRequest) => {
  if ('policy' in request) {
    check = createProofCheck(request.policy, request.publicKey);
    return;
  }
  let reply: VerifierReply;
  try {
    if (check === null) throw new Error('verifier: key: got none, want the public aggregation key first');
    const verify = check;
    const verdict = await meter.measure('verify', () => verify(request.update));
    reply = { ok: true, verdict, seconds: meter.take().verify };
  } catch (error) {
    reply = { ok: false, error: describeError(error) };
  }
  owner.postMessage(reply);
});
