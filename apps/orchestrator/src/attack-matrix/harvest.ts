import { type HarvestOutcome, harvest, type LaterOpener, type RecordedWire } from '@zkfl/attacks';
import { simRng } from '@zkfl/fl-core';
import { createEngine, encryptIntegers, generateKeys, wipeWitness } from '@zkfl/he-agg';
import { createInitiator, createResponder, defaultSuite, open, type Session } from '@zkfl/kem';

export interface HarvestRow extends HarvestOutcome {
  readonly protection: string;
  /** What the eavesdropper has by then. */
  readonly later: string;
  /** A control must recover the update; the others must not. */
  readonly control: boolean;
}

const COORDINATES = 1554;

/**
 * One update crosses the wire in the clear, over a kem session, and encrypted inside of one; everything is recorded and
 * attacked with both parties' long-term secret keys. Controls: the clear wire, and the session's own keys kept.
 */
export async function measureHarvest(): Promise<HarvestRow[]> {
  const rng = simRng(1, 'harvest');
  const update = Float32Array.from({ length: COORDINATES }, () => rng.normal(0, 0.1));
  const bytes = new Uint8Array(update.buffer.slice(0));
  const rows: HarvestRow[] = [];
  const record = async (wire: RecordedWire, later: string, control: boolean, openers: readonly LaterOpener[] = []) => {
    rows.push({ protection: wire.protection, later, control, ...(await harvest(wire, update, openers)) });
  };
  await record({ protection: 'plain', messages: [bytes] }, 'nothing', true);

  const [hospital, coordinator] = [await defaultSuite.kem.generateKeyPair(), await defaultSuite.kem.generateKeyPair()];
  try {
    const kept = { keyPair: hospital, peerPublicKey: coordinator.publicKey };
    const initiator = await createInitiator(kept);
    const responder = createResponder({ keyPair: coordinator, peerPublicKey: hospital.publicKey });
    const reply = await responder.respond(initiator.message);
    const { message, session } = await initiator.finish(reply);
    const receiver = await responder.finish(message);
    const handshake = [initiator.message, reply, message];
    const sealed = await session.seal(bytes);
    const longTerm: LaterOpener[] = [hospital, coordinator].map((keyPair, i) => ({
      name: `long-term secret key ${i + 1}`,
      open: (recorded) => open({ keyPair, message: recorded }),
    }));
    longTerm.push(await replay(handshake, hospital, coordinator.publicKey));
    const wire = { protection: 'kem', messages: [...handshake, sealed] };
    await record(wire, 'nothing', false);
    await record(wire, "both parties' long-term secret keys", false, longTerm);
    await record(wire, "the session's own keys", true, [opener('the session', receiver)]);

    const engine = await createEngine({ set: 'n4096-q60' });
    const keys = generateKeys(engine);
    const integers = Int32Array.from(update, (value) => Math.round(value * 2 ** 20));
    const { bytes: ciphertext, witness } = encryptIntegers(engine, { publicKey: keys.publicKey, message: integers });
    wipeWitness(witness);
    keys.secretKey.wipe();
    const inner = await session.seal(ciphertext);
    const full = { protection: 'kem+he', messages: [...handshake, inner] };
    await record(full, "both parties' long-term secret keys", false, longTerm);
    await record(full, "the session's own keys, but not the hospitals' BFV key", false, [
      opener('the session', receiver),
    ]);
    session.wipe();
    receiver.wipe();
    return rows;
  } finally {
    hospital.wipe();
    coordinator.wipe();
  }
}

const opener = (name: string, session: Session): LaterOpener => ({ name, open: (recorded) => session.open(recorded) });

/** Plays the recorded answers to a fresh initiator that holds the hospital's long-term key. */
async function replay(
  handshake: readonly Uint8Array[],
  keyPair: Awaited<ReturnType<typeof defaultSuite.kem.generateKeyPair>>,
  peerPublicKey: Uint8Array,
): Promise<LaterOpener> {
  return {
    name: 'a replayed handshake',
    async open(recorded) {
      const again = await createInitiator({ keyPair, peerPublicKey });
      const { session } = await again.finish(handshake[1]!);
      return session.open(recorded);
    },
  };
}
