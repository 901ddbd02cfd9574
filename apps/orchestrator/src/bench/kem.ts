import {
  createInitiator,
  createResponder,
  envelopeOverhead,
  generateIdentity,
  handshakeBytes,
  KEMS,
  open,
  RECORD_HEADER_BYTES,
  type Session,
  seal,
  sign,
  verify,
  xWing,
} from '@zkfl/kem';
import type { BenchRow } from './row.ts';

/** An update of the published model with its proof is about this size. */
const BODY_BYTES = 3_000_000;
const BODY_ROUNDS = 61;
const KEM_ROUNDS = 201;
const SIGNATURE_ROUNDS = 21;
const WARM_UP = 10;
const AEAD_OVERHEAD = 16;

type Job = () => Promise<unknown>;

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
};

async function clock(job: Job): Promise<number> {
  const start = performance.now();
  await job();
  return performance.now() - start;
}

/** Medians in ms of jobs taken in turns; the order turns round each time, since garbage of one is collected in the next. */
async function interleave(jobs: readonly Job[], rounds: number): Promise<number[]> {
  const times: number[][] = jobs.map(() => []);
  for (const job of jobs) for (let i = 0; i < WARM_UP; i++) await job();
  for (let round = 0; round < rounds; round++) {
    const order = jobs.map((_, i) => (round % 2 === 0 ? i : jobs.length - 1 - i));
    for (const i of order) times[i]!.push(await clock(jobs[i]!));
  }
  return times.map(median);
}

const compared = (name: string, unit: string, value: number, baseline: number): BenchRow => ({
  name,
  value,
  unit,
  baseline,
  ratio: value / baseline,
});
const alone = (name: string, unit: string, value: number): BenchRow => ({
  name,
  value,
  unit,
  baseline: null,
  ratio: null,
});

interface Ends {
  readonly initiator: Session;
  readonly responder: Session;
}

/**
 * The channels beside the primitives they are made of, in the same run: a handshake beside one X-Wing key generation,
 * encapsulation and decapsulation; a record of 3 MB beside bare AES-256-GCM of WebCrypto; a one-shot message beside
 * an encapsulation and bare AES-256-GCM.
 */
export async function benchKem(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const a = await xWing.generateKeyPair();
  const b = await xWing.generateKeyPair();
  const handshake = async (): Promise<Ends> => {
    const initiator = await createInitiator({ keyPair: a, peerPublicKey: b.publicKey });
    const responder = createResponder({ keyPair: b, peerPublicKey: a.publicKey });
    const { message, session } = await initiator.finish(await responder.respond(initiator.message));
    return { initiator: session, responder: await responder.finish(message) };
  };
  const bareKem = async () => {
    const keyPair = await xWing.generateKeyPair();
    const { ciphertext } = await xWing.encapsulate({ publicKey: keyPair.publicKey });
    await xWing.decapsulate({ keyPair, ciphertext });
  };
  const [shaken, bare] = await interleave([handshake, bareKem], KEM_ROUNDS);
  rows.push(compared('handshake', 'ms', shaken!, bare!));

  const body = new Uint8Array(BODY_BYTES).map((_, i) => i);
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = new Uint8Array(12);
  const bareSeal = () => crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, body);
  const recipient = b.publicKey;
  const { initiator, responder } = await handshake();
  const [record, bare1] = await interleave([() => initiator.seal(body), bareSeal], BODY_ROUNDS);
  const sealed = await bareSeal();
  const bareOpen = () => crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed);
  // A record opens once: the sender has sealed them all before the clock starts.
  const fresh = await handshake();
  const records: Uint8Array[] = [];
  for (let i = 0; i < BODY_ROUNDS + WARM_UP; i++) records.push(await fresh.initiator.seal(body));
  let next = 0;
  const [opened, bare2] = await interleave([() => fresh.responder.open(records[next++]!), bareOpen], BODY_ROUNDS);
  rows.push(compared('seal/3MB', 'ms', record!, bare1!), compared('open/3MB', 'ms', opened!, bare2!));

  // The one-shot message carries its own KEM, so its primitives are two.
  const message = await seal({ recipient, plaintext: body });
  const { ciphertext } = await xWing.encapsulate({ publicKey: recipient });
  const [envelope, bare3] = await interleave(
    [
      () => seal({ recipient, plaintext: body }),
      async () => {
        await xWing.encapsulate({ publicKey: recipient });
        await bareSeal();
      },
    ],
    BODY_ROUNDS,
  );
  const [unsealed, bare4] = await interleave(
    [
      () => open({ keyPair: b, message }),
      async () => {
        await xWing.decapsulate({ keyPair: b, ciphertext });
        await bareOpen();
      },
    ],
    BODY_ROUNDS,
  );
  rows.push(compared('envelope.seal/3MB', 'ms', envelope!, bare3!));
  rows.push(compared('envelope.open/3MB', 'ms', unsealed!, bare4!));
  for (const session of [initiator, responder, fresh.initiator, fresh.responder]) session.wipe();

  for (const kem of Object.values(KEMS)) {
    const keyPair = await kem.generateKeyPair();
    const { publicKey } = keyPair;
    const { ciphertext } = await kem.encapsulate({ publicKey });
    const [keygen, encaps, decaps] = await interleave(
      [
        () => kem.generateKeyPair(),
        () => kem.encapsulate({ publicKey }),
        () => kem.decapsulate({ keyPair, ciphertext }),
      ],
      KEM_ROUNDS,
    );
    rows.push(alone(`${kem.name}/keygen`, 'ms', keygen!));
    rows.push(alone(`${kem.name}/encaps`, 'ms', encaps!));
    rows.push(alone(`${kem.name}/decaps`, 'ms', decaps!));
  }
  const identity = await generateIdentity();
  const signed = { message: body.slice(0, 1000), context: new Uint8Array(0) };
  const signature = await sign({ keyPair: identity, ...signed });
  const { publicKey } = identity;
  const [signing, verifying] = await interleave(
    [() => sign({ keyPair: identity, ...signed }), () => verify({ publicKey, signature, ...signed })],
    SIGNATURE_ROUNDS,
  );
  rows.push(alone('ML-DSA-65/sign', 'ms', signing!), alone('ML-DSA-65/verify', 'ms', verifying!));

  const { message1, message2, message3 } = handshakeBytes();
  rows.push(alone('handshake/bytes', 'B', message1 + message2 + message3));
  rows.push(alone('envelope/overhead', 'B', envelopeOverhead()));
  rows.push(alone('record/overhead', 'B', RECORD_HEADER_BYTES + AEAD_OVERHEAD));
  for (const pair of [a, b, identity]) pair.wipe();
  return rows;
}
