import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAggregator } from '@zkfl/he-agg';
import { describeError, ZkflError } from '../errors.ts';
import { digestOf } from '../simulate/bytes.ts';
import { Meter } from '../simulate/meter.ts';
import { SET } from '../simulate/policy.ts';
import { decodeMessage, type Message } from '../simulate/wire.ts';
import { createCiphertextAggregator } from '../wiring/aggregator.ts';
import { createProofCheck } from '../wiring/verifier.ts';
import { BlobStore } from './blobs.ts';
import type { Judgement, Sum, SumJob, VerifyJob, WorkSetup } from './work.ts';

type Update = Extract<Message, { kind: 'update' }>;

/** The work itself, on whatever thread calls it. */
export async function createWork(setup: WorkSetup): Promise<{
  verify(job: VerifyJob): Promise<Judgement>;
  sum(job: SumJob): Promise<Sum>;
  /** the sum's bytes; nothing is written */
  addUp(updates: SumJob['updates']): Promise<Uint8Array>;
}> {
  const { policy, proofs } = setup;
  const read = async (digest: string): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = new Uint8Array(await readFile(join(setup.blobs, digest)));
    if (digestOf(bytes) !== digest) throw new ZkflError('store', `store: blob ${digest}: got other bytes`);
    return bytes;
  };
  const checkProof = createProofCheck(policy, await read(setup.publicKey));
  const aggregator = createCiphertextAggregator({ dimension: policy.dimension });
  const meter = new Meter();

  /** The update, or why these bytes are none of this job's. */
  function updateOf(bytes: Uint8Array, { study, round, client, model }: VerifyJob): Update | string {
    let message: Message;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      return describeError(error);
    }
    if (message.kind !== 'update') return `message: kind: got ${message.kind}, want update`;
    if (message.study !== study) return 'message: study: got another study, want this one';
    if (message.round !== round) return `message: round: got ${message.round}, want ${round}`;
    if (message.client !== client) return `message: client: got ${message.client}, want ${client}`;
    if (message.model !== model) return 'message: model: got an update of another model, want this round’s';
    return message;
  }

  async function judge(job: VerifyJob): Promise<Omit<Judgement, 'seconds'>> {
    const update = updateOf(await read(job.digest), job);
    if (typeof update === 'string') return { ok: false, reason: update };
    const { payload, proof, study, round, client, model } = update;
    const context = { study, round, client, model };
    if (!proofs && proof.length > 0) return { ok: false, reason: `proof: got ${proof.length} B, want none` };
    const verdict = proofs ? checkProof({ payload, proof, context }) : await aggregator.gate(payload, context);
    return verdict.ok ? { ok: true, reason: '' } : { ok: false, reason: verdict.reason };
  }

  /** In the memory of one sum and one update, however many there are. */
  async function addUp(updates: SumJob['updates']): Promise<Uint8Array> {
    const sum = createAggregator({ set: SET, dimension: policy.dimension });
    for (const { digest } of updates) sum.add((decodeMessage(await read(digest)) as Update).payload);
    return sum.finish().bytes;
  }

  return {
    async verify(job) {
      const verdict = await meter.measure('verify', () => judge(job));
      return { ...verdict, seconds: meter.take().verify };
    },
    async sum({ updates }) {
      const bytes = await meter.measure('aggregate', () => addUp(updates));
      const blobs = await BlobStore.open(join(setup.blobs, '..'));
      return { digest: await blobs.put(bytes), bytes: bytes.length, seconds: meter.take().aggregate };
    },
    addUp,
  };
}
