import type { AeadKey } from '../aead.ts';
import { asBytes, type Bytes, concat } from '../bytes.ts';
import { START, SUITE_END } from '../handshake.ts';
import { KemKeyPair } from '../key-pair.ts';
import {
  deriveEpoch,
  deriveIdentitySecrets,
  deriveMaster,
  message1Hash,
  prologueHash,
  transcriptHash,
} from '../key-schedule.ts';
import { decodeHeader, RECORD_HEADER_BYTES } from '../record.ts';
import { openBody } from '../segments.ts';
import type { Suite } from '../suite.ts';
import { TAG, taggedHash } from '../tags.ts';

/** Every byte both ways of one session. */
export interface RecordedWire {
  readonly message1: Uint8Array;
  readonly message2: Uint8Array;
  /** In the order in which they were sent, both directions. */
  readonly records: readonly Uint8Array[];
}

/** What whoever recorded the wire got hold of afterwards. */
export interface WireKnowledge {
  readonly suite: Suite;
  readonly context: Uint8Array;
  readonly initiator: KemKeyPair;
  readonly responder: KemKeyPair;
  /** Key pairs to try on the ephemeral ciphertext. */
  readonly candidates: readonly KemKeyPair[];
  /** Secrets to try in its place, 32 bytes each. */
  readonly guesses?: readonly Uint8Array[];
}

/**
 * Harvest now, decrypt later: replays the key schedule over a recorded wire with the static secret keys of both ends
 * and every candidate for the ephemeral secret. Gives the plaintexts of the records (aad empty, no stream longer than
 * memory) for the first candidate that opens all of them, or undefined.
 */
export async function openRecordedWire(
  wire: RecordedWire,
  knowledge: WireKnowledge,
): Promise<readonly Uint8Array[] | undefined> {
  const { suite, initiator, responder } = knowledge;
  const { publicKeyBytes, ciphertextBytes } = suite.kem;
  const m1 = asBytes('openRecordedWire', 'message1', wire.message1);
  const m2 = asBytes('openRecordedWire', 'message2', wire.message2);
  const identityAt = SUITE_END + publicKeyBytes + ciphertextBytes;
  const ctE = m2.slice(START, START + ciphertextBytes);
  const ctI = m2.slice(START + ciphertextBytes, START + 2 * ciphertextBytes);
  const ssR = await KemKeyPair.decapsulate('attack', responder, m1.slice(SUITE_END + publicKeyBytes, identityAt));
  const ssI = await KemKeyPair.decapsulate('attack', initiator, ctI);
  const h1 = message1Hash(prologueHash(suite, knowledge.context, responder.fingerprint), m1.subarray(0, identityAt));
  const { chain } = await deriveIdentitySecrets(suite, ssR, h1);
  const h2 = transcriptHash({
    h1,
    hiddenIdentity: m1.subarray(identityAt),
    initiatorFingerprint: initiator.fingerprint,
    ctE,
    ctI,
  });
  const ephemeral: Bytes[] = (knowledge.guesses ?? []).map((guess) => asBytes('attack', 'guess', guess));
  for (const pair of knowledge.candidates) ephemeral.push(await KemKeyPair.decapsulate('attack', pair, ctE));
  for (const ssE of ephemeral) {
    const opened = await openRecords(wire.records, suite, h2, { chain, ssE, ssI });
    if (opened !== undefined) return opened;
  }
  return undefined;
}

async function openRecords(
  records: readonly Uint8Array[],
  suite: Suite,
  h2: Bytes,
  secrets: { chain: Uint8Array; ssE: Uint8Array; ssI: Uint8Array },
): Promise<Uint8Array[] | undefined> {
  const { epoch } = await deriveMaster(suite, secrets, h2);
  const next = { initiator: epoch.initiator, responder: epoch.responder };
  const opened: Uint8Array[] = [];
  const keys = new Map<string, { key: AeadKey; iv: Bytes }>();
  for (const record of records) {
    const bytes = concat(record);
    const { sender, epoch: number, sequence, type } = decodeHeader('attack', bytes);
    let held = keys.get(`${sender} ${number}`);
    if (held === undefined) {
      const derived = await deriveEpoch(suite, next[sender], { h2, sender, epoch: number });
      next[sender] = derived.next;
      held = { key: derived.key, iv: derived.iv };
      keys.set(`${sender} ${number}`, held);
    }
    const aad = new TextEncoder().encode(type === 'data' ? '' : type);
    const head = bytes.slice(0, RECORD_HEADER_BYTES);
    try {
      const body = { ...held, sequence, aad: taggedHash(TAG.aad, head, aad) };
      const plaintext = await openBody('attack', body, bytes.slice(RECORD_HEADER_BYTES));
      if (type === 'data') opened.push(plaintext);
    } catch {
      return undefined;
    }
  }
  return opened;
}
