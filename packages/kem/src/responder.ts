import { asBytes, type Bytes, concat, equalBytes, exactBytes, wipe } from './bytes.ts';
import { KemError } from './errors.ts';
import {
  BINDING,
  type Binding,
  bindingOf,
  checkMagic,
  failed,
  type HandshakeBinding,
  handshakeBytes,
  MAGIC,
  START,
  SUITE_END,
  settleBoth,
  wrongStep,
} from './handshake.ts';
import type { Encapsulation } from './kem.ts';
import { asKeyPair, fingerprintOf, KemKeyPair } from './key-pair.ts';
import {
  deriveIdentitySecrets,
  deriveMaster,
  type MasterSecrets,
  message1Hash,
  prologueHash,
  revealIdentity,
  transcriptHash,
  wipeMaster,
} from './key-schedule.ts';
import { checkOptions } from './options.ts';
import { Session } from './session.ts';
import { checkSuiteId } from './suite.ts';

/** Finds the registered static public key of an initiator by its fingerprint (32 bytes). */
export type ResolvePeer = (fingerprint: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface ResponderOptions extends HandshakeBinding {
  readonly keyPair: KemKeyPair;
  /** Exactly one of `peerPublicKey` (one known initiator) and `resolvePeer` (a registry). */
  readonly peerPublicKey?: Uint8Array;
  readonly resolvePeer?: ResolvePeer;
}

interface Waiting {
  readonly master: MasterSecrets;
  readonly h2: Bytes;
  readonly peerFingerprint: Bytes;
}

/** The responder of one handshake. */
export class Responder {
  readonly #binding: Binding;
  readonly #static: KemKeyPair;
  readonly #resolve: ResolvePeer;
  #step: 'waiting for message 1' | 'busy' | 'waiting for message 3' | 'over' = 'waiting for message 1';
  #waiting: Waiting | undefined;

  constructor(options: ResponderOptions) {
    const operation = 'createResponder';
    checkOptions(operation, options, ['keyPair'], ['peerPublicKey', 'resolvePeer', ...BINDING]);
    this.#binding = bindingOf(operation, options);
    const { kem } = this.#binding.suite;
    this.#static = asKeyPair(operation, 'keyPair', options.keyPair, kem.name);
    const { peerPublicKey, resolvePeer } = options;
    if ((peerPublicKey === undefined) === (resolvePeer === undefined))
      throw new KemError('argument', {
        operation,
        field: 'peerPublicKey, resolvePeer',
        got: peerPublicKey === undefined ? 'neither' : 'both',
        want: 'exactly one',
      });
    if (peerPublicKey !== undefined) {
      const peer = asBytes(operation, 'peerPublicKey', peerPublicKey).slice();
      kem.checkPublicKey(peer);
      this.#resolve = () => peer;
    } else {
      this.#resolve = resolvePeer as ResolvePeer;
    }
  }

  /**
   * Takes message 1 and gives message 2. Throws `authentication-failed` (another responder, context or suite meant),
   * `unknown-peer`, `invalid-key`, `suite-mismatch` or `malformed`; the object is over then.
   */
  async respond(message1: Uint8Array): Promise<Uint8Array> {
    const operation = 'responder.respond';
    this.#take(operation, 'waiting for message 1');
    const { suite, context } = this.#binding;
    const { kem } = suite;
    const secrets: Uint8Array[] = [];
    try {
      const bytes = asBytes(operation, 'message 1', message1);
      if (bytes.length >= SUITE_END) {
        checkMagic(operation, bytes, 1);
        checkSuiteId(operation, suite, bytes.slice(START, SUITE_END));
      }
      exactBytes(operation, 'message 1', bytes, handshakeBytes(suite).message1);
      const identityAt = SUITE_END + kem.publicKeyBytes + kem.ciphertextBytes;
      const epk = bytes.slice(SUITE_END, SUITE_END + kem.publicKeyBytes);
      const hiddenIdentity = bytes.slice(identityAt);
      const ssR = await KemKeyPair.decapsulate(
        operation,
        this.#static,
        bytes.slice(SUITE_END + kem.publicKeyBytes, identityAt),
      );
      secrets.push(ssR);
      const h1 = message1Hash(prologueHash(suite, context, this.#static.fingerprint), bytes.subarray(0, identityAt));
      const identity = await deriveIdentitySecrets(suite, ssR, h1);
      secrets.push(identity.chain, identity.pad, identity.tagKey);
      const fingerprint = await revealIdentity(suite, identity, h1, hiddenIdentity);
      if (fingerprint === undefined) throw failed(operation, 'identity tag');
      const peer = await this.#peer(operation, fingerprint);
      const keep = (made: Encapsulation): Encapsulation => {
        secrets.push(made.sharedSecret);
        return made;
      };
      const [e, i] = await settleBoth(
        kem.encapsulate({ publicKey: epk }).then(keep),
        kem.encapsulate({ publicKey: peer }).then(keep),
      );
      const h2 = transcriptHash({
        h1,
        hiddenIdentity,
        initiatorFingerprint: fingerprint,
        ctE: e.ciphertext,
        ctI: i.ciphertext,
      });
      const master = await deriveMaster(suite, { chain: identity.chain, ssE: e.sharedSecret, ssI: i.sharedSecret }, h2);
      this.#waiting = { master, h2, peerFingerprint: fingerprint };
      this.#step = 'waiting for message 3';
      return concat(MAGIC, Uint8Array.of(2), e.ciphertext, i.ciphertext, master.confirmResponder);
    } catch (error) {
      this.abort();
      throw error;
    } finally {
      wipe(...secrets);
    }
  }

  /** Takes message 3 and gives the session: only now is the initiator known to hold its static key. */
  async finish(message3: Uint8Array): Promise<Session> {
    const operation = 'responder.finish';
    this.#take(operation, 'waiting for message 3');
    const { suite, epochBytes } = this.#binding;
    const { master, h2, peerFingerprint } = this.#waiting as Waiting;
    try {
      const bytes = exactBytes(operation, 'message 3', message3, handshakeBytes(suite).message3);
      checkMagic(operation, bytes, 3);
      if (!equalBytes(bytes.subarray(START), master.confirmInitiator))
        throw failed(operation, 'initiator confirmation');
      this.#waiting = undefined;
      this.#step = 'over';
      return new Session({ suite, role: 'responder', h2, master, peerFingerprint, epochBytes });
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Gives up and wipes what was derived. */
  abort(): void {
    if (this.#waiting !== undefined) wipeMaster(this.#waiting.master);
    this.#waiting = undefined;
    this.#step = 'over';
  }

  toJSON(): { handshake: 'responder'; keys: '[redacted]' } {
    return { handshake: 'responder', keys: '[redacted]' };
  }

  #take(operation: string, want: 'waiting for message 1' | 'waiting for message 3'): void {
    if (this.#step !== want) throw wrongStep(operation, this.#step, want);
    this.#step = 'busy';
  }

  async #peer(operation: string, fingerprint: Bytes): Promise<Bytes> {
    const { kem } = this.#binding.suite;
    const found = await this.#resolve(fingerprint.slice());
    // A registry may answer with another key than the one asked for; only the named key counts.
    if (
      found === undefined ||
      !equalBytes(fingerprintOf(kem.id, asBytes(operation, 'peer public key', found)), fingerprint)
    )
      throw new KemError('unknown-peer', {
        operation,
        field: 'initiator',
        got: 'a fingerprint without a registered key',
        want: 'a registered initiator',
      });
    return asBytes(operation, 'peer public key', found).slice();
  }
}

/** Waits for a handshake; one object per handshake. */
export function createResponder(options: ResponderOptions): Responder {
  return new Responder(options);
}
