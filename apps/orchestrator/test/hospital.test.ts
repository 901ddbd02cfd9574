import { fedAvg, parameterCount, simRng, modelDigest as storedModelDigest, WDBC_MLP } from '@zkfl/fl-core';
import { describe, expect, it } from 'vitest';
import { modelDigest } from '../src/simulate/bytes.ts';
import { Hospital } from '../src/simulate/hospital.ts';
import { Meter } from '../src/simulate/meter.ts';
import { acceptedListBytes, decodeMessage, encodeMessage, type Message } from '../src/simulate/wire.ts';
import { createPlaintextEncryptor } from '../src/wiring/plaintext.ts';
import { createSignatureCheck, createSigner } from '../src/wiring/signature.ts';

type Sum = Extract<Message, { kind: 'sum' }>;
const STUDY = '11'.repeat(32);
const D = parameterCount(WDBC_MLP);
const digest = (byte: number) => byte.toString(16).padStart(2, '0').repeat(32);

/** A hospital that has sent its update of round 1, and a coordinator's honest answer to it. */
async function afterOneUpdate() {
  const signer = await createSigner();
  const weights = new Float32Array(D).fill(0.5);
  const hospital = new Hospital({
    id: 1,
    study: STUDY,
    cohortMinimum: 2,
    weights,
    trainer: {
      train: async () => ({ update: Float32Array.from({ length: D }, () => 0.25), samples: 1, loss: 0 }),
      dispose: async () => {},
    },
    strategy: fedAvg(),
    encryptor: createPlaintextEncryptor(D),
    prover: null,
    checkSignature: createSignatureCheck(signer.publicKey),
    deviation: null,
    meter: new Meter(),
  });
  const open: Message = { kind: 'open', study: STUDY, round: 1, model: modelDigest(weights) };
  const bytes = (await hospital.answer(open))!;
  const { digestOf } = await import('../src/simulate/bytes.ts');
  const payload = new Uint8Array(new Float32Array(D).fill(1).buffer);
  const unsigned: Sum = {
    kind: 'sum',
    study: STUDY,
    round: 1,
    accepted: [
      { client: 0, digest: digest(7) },
      { client: 1, digest: digestOf(bytes) },
    ],
    signature: new Uint8Array(),
    payload,
  };
  const signed = async (change: Partial<Sum> = {}): Promise<Sum> => {
    const message = { ...unsigned, ...change };
    return { ...message, signature: await signer.sign(acceptedListBytes(message)) };
  };
  return { hospital, open, signed };
}

describe('a hospital believes a sum only with the list that accounts for it', () => {
  it('applies the mean of an honest sum and says which model it holds', async () => {
    const { hospital, signed } = await afterOneUpdate();
    const reply = decodeMessage((await hospital.answer(await signed()))!);
    expect(reply).toMatchObject({ kind: 'applied', round: 1, client: 1, model: modelDigest(hospital.weights) });
    expect(hospital.weights[0]).toBe(1);
  });

  const lies: readonly [string, Partial<Sum> | ((sum: Sum) => Partial<Sum>), RegExp][] = [
    ['fewer updates than the cohort', ({ accepted }) => ({ accepted: [accepted[1]!] }), /accepted: got 1, want ≥ 2/],
    [
      'one client twice',
      ({ accepted }) => ({ accepted: [accepted[1]!, { client: 1, digest: digest(9) }] }),
      /distinct/,
    ],
    [
      'one update twice',
      ({ accepted }) => ({ accepted: [{ client: 0, digest: accepted[1]!.digest }, accepted[1]!] }),
      /distinct/,
    ],
    [
      'another update in its name',
      {
        accepted: [
          { client: 0, digest: digest(7) },
          { client: 1, digest: digest(8) },
        ],
      },
      /own update/,
    ],
    ['another round', { round: 2 }, /round: got 2, want 1/],
    ['another study', { study: digest(3) }, /study/],
  ];
  it.each(lies)('refuses %s', async (_, change, reason) => {
    const { hospital, signed } = await afterOneUpdate();
    const before = hospital.model;
    const sum = await signed(typeof change === 'function' ? change(await signed()) : change);
    await expect(hospital.answer(sum)).rejects.toThrow(reason);
    expect(hospital.model).toBe(before);
  });

  it('refuses a sum, or a list, that the signature does not cover', async () => {
    const { hospital, signed } = await afterOneUpdate();
    const sum = await signed();
    await expect(hospital.answer({ ...sum, payload: sum.payload.slice().fill(1, 0, 1) })).rejects.toThrow(/signature/);
    const [first, second] = sum.accepted;
    await expect(hospital.answer({ ...sum, accepted: [second!, first!] })).rejects.toThrow(/signature/);
    await expect(hospital.answer({ ...sum, signature: sum.signature.slice().fill(1, 0, 1) })).rejects.toThrow(
      /signature/,
    );
  });

  it('refuses to train twice from one model, or from another', async () => {
    const { hospital, open, signed } = await afterOneUpdate();
    await hospital.answer(await signed());
    await expect(hospital.answer(open)).rejects.toThrow(/round: got 1, want 2/);
    await expect(hospital.answer({ ...open, round: 2 } as Message)).rejects.toThrow(/model/);
  });
});

it('the digest of a model is the one that fl-core writes into stored models', () => {
  const weights = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  expect(modelDigest(weights)).toBe(storedModelDigest(weights));
});

describe('messages', () => {
  const messages: readonly Message[] = [
    { kind: 'open', study: STUDY, round: 1, model: digest(1) },
    {
      kind: 'update',
      study: STUDY,
      round: 2,
      client: 3,
      model: digest(1),
      payload: Uint8Array.of(1, 2, 3),
      proof: Uint8Array.of(9),
    },
    {
      kind: 'sum',
      study: STUDY,
      round: 2,
      accepted: [{ client: 3, digest: digest(4) }],
      signature: Uint8Array.of(5),
      payload: Uint8Array.of(6),
    },
    { kind: 'skipped', study: STUDY, round: 2 },
    { kind: 'applied', study: STUDY, round: 2, client: 3, model: digest(1) },
    { kind: 'relay', study: STUDY, peer: 3, payload: Uint8Array.of(1) },
    { kind: 'failed', study: STUDY, round: 2, client: 3, reason: 'no ψ' },
  ];
  it.each(messages.map((message) => [message.kind, message] as const))('%s survives its bytes', (_, message) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  it('every truncation and every byte too many is refused', () => {
    for (const message of messages) {
      const bytes = encodeMessage(message);
      for (let length = 0; length < bytes.length; length++)
        expect(() => decodeMessage(bytes.subarray(0, length))).toThrow(/^message: /);
      expect(() => decodeMessage(Uint8Array.from([...bytes, 0]))).toThrow(/too many/);
    }
  });

  it('random bytes are refused with a typed error, and no length is believed', () => {
    const rng = simRng(1, 'wire');
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: rng.integer(200) }, () => rng.integer(256));
      if (bytes.length > 1) bytes.set([1, rng.integer(7)]);
      try {
        decodeMessage(bytes);
      } catch (error) {
        expect(error).toMatchObject({ name: 'ZkflError', code: 'message' });
      }
    }
  });
});
