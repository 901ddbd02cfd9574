import { asBytes, type Bytes, concat, equalBytes, exactBytes, wipe } from './bytes.ts';
import {
  BINDING,
  type Binding,
  bindingOf,
  CONFIRMATION_BYTES,
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
import { asKeyPair, fingerprintOf, KemKeyPair } from './key-pair.ts';
import {
  deriveIdentitySecrets,
  deriveMaster,
  hideIdentity,
  type MasterSecrets,
  message1Hash,
  prologueHash,
  transcriptHash,
  wipeMaster,
} from './key-schedule.ts';
import { checkOptions } from './options.ts';
import { Session } from './session.ts';
import { type Suite, suiteId } from './suite.ts';

export interface InitiatorOptions extends HandshakeBinding {
  /** This end's static key pair. */
  readonly keyPair: KemKeyPair;
  /** The responder's static public key, known beforehand. */
  readonly peerPublicKey: Uint8Array;
}

/** The initiator between message 1 and message 2. */
export class Initiator {
  readonly #binding: Binding;
  readonly #static: KemKeyPair;
  readonly #peerFingerprint: Bytes;
  readonly #message: Bytes;
  readonly #h1: Bytes;
  #ephemeral: KemKeyPair | undefined;
  readonly #chain: Bytes;

  private constructor(parts: {
    binding: Binding;
    keyPair: KemKeyPair;
    peerFingerprint: Bytes;
    message: Bytes;
    h1: Bytes;
    ephemeral: KemKeyPair;
    chain: Bytes;
  }) {
    this.#binding = parts.binding;
    this.#static = parts.keyPair;
    this.#peerFingerprint = parts.peerFingerprint;
    this.#message = parts.message;
    this.#h1 = parts.h1;
    this.#ephemeral = parts.ephemeral;
    this.#chain = parts.chain;
  }

  /** Takes `ephemeral` over. */
  static async start(
    options: InitiatorOptions,
    makeEphemeral: (suite: Suite) => Promise<KemKeyPair>,
  ): Promise<Initiator> {
    const operation = 'createInitiator';
    checkOptions(operation, options, ['keyPair', 'peerPublicKey'], BINDING);
    const binding = bindingOf(operation, options);
    const { suite, context } = binding;
    const keyPair = asKeyPair(operation, 'keyPair', options.keyPair, suite.kem.name);
    const peer = asBytes(operation, 'peerPublicKey', options.peerPublicKey).slice();
    const made: { ephemeral?: KemKeyPair; ssR?: Uint8Array } = {};
    try {
      const [ctR, ephemeral] = await settleBoth(
        suite.kem.encapsulate({ publicKey: peer }).then(({ ciphertext, sharedSecret }) => {
          made.ssR = sharedSecret;
          return { ciphertext, sharedSecret };
        }),
        makeEphemeral(suite).then((pair) => {
          made.ephemeral = pair;
          return pair;
        }),
      );
      const clear = concat(MAGIC, Uint8Array.of(1), suiteId(suite), ephemeral.publicKey, ctR.ciphertext);
      const peerFingerprint = fingerprintOf(suite.kem.id, peer);
      const h1 = message1Hash(prologueHash(suite, context, peerFingerprint), clear);
      const secrets = await deriveIdentitySecrets(suite, ctR.sharedSecret, h1);
      try {
        const message = concat(clear, await hideIdentity(suite, secrets, h1, keyPair.fingerprint));
        return new Initiator({ binding, keyPair, peerFingerprint, message, h1, ephemeral, chain: secrets.chain });
      } finally {
        wipe(secrets.pad, secrets.tagKey);
      }
    } catch (error) {
      made.ephemeral?.wipe();
      throw error;
    } finally {
      wipe(made.ssR);
    }
  }

  /** Message 1, for the responder. */
  get message(): Uint8Array {
    return this.#message.slice();
  }

  /**
   * Takes message 2 and gives message 3 and the session. Throws `authentication-failed` if the responder does not hold
   * its static key or saw another message 1. One attempt: afterwards the ephemeral key is gone, whatever happened.
   */
  async finish(message2: Uint8Array): Promise<{ readonly message: Uint8Array; readonly session: Session }> {
    const operation = 'initiator.finish';
    const ephemeral = this.#ephemeral;
    if (ephemeral === undefined) throw wrongStep(operation, 'over', 'waiting for message 2');
    this.#ephemeral = undefined;
    const { suite, epochBytes } = this.#binding;
    const { ciphertextBytes, publicKeyBytes } = suite.kem;
    let ssE: Bytes | undefined;
    let ssI: Bytes | undefined;
    let master: MasterSecrets | undefined;
    try {
      const bytes = exactBytes(operation, 'message 2', message2, handshakeBytes(suite).message2);
      checkMagic(operation, bytes, 2);
      const ctE = bytes.slice(START, START + ciphertextBytes);
      const ctI = bytes.slice(START + ciphertextBytes, START + 2 * ciphertextBytes);
      [ssE, ssI] = await settleBoth(
        KemKeyPair.decapsulate(operation, ephemeral, ctE),
        KemKeyPair.decapsulate(operation, this.#static, ctI),
      );
      const h2 = transcriptHash({
        h1: this.#h1,
        hiddenIdentity: this.#message.subarray(SUITE_END + publicKeyBytes + ciphertextBytes),
        initiatorFingerprint: this.#static.fingerprint,
        ctE,
        ctI,
      });
      master = await deriveMaster(suite, { chain: this.#chain, ssE, ssI }, h2);
      if (!equalBytes(bytes.subarray(bytes.length - CONFIRMATION_BYTES), master.confirmResponder))
        throw failed(operation, 'responder confirmation');
      const message = concat(MAGIC, Uint8Array.of(3), master.confirmInitiator);
      const session = new Session({
        suite,
        role: 'initiator',
        h2,
        master,
        peerFingerprint: this.#peerFingerprint,
        epochBytes,
      });
      return { message, session };
    } catch (error) {
      if (master !== undefined) wipeMaster(master);
      throw error;
    } finally {
      wipe(ssE, ssI, this.#chain);
      ephemeral.wipe();
    }
  }

  /** Gives up and wipes the ephemeral key. */
  abort(): void {
    this.#ephemeral?.wipe();
    this.#ephemeral = undefined;
    wipe(this.#chain);
  }

  toJSON(): { handshake: 'initiator'; keys: '[redacted]' } {
    return { handshake: 'initiator', keys: '[redacted]' };
  }
}

/** Starts a handshake with a responder whose static public key is known. */
export function createInitiator(options: InitiatorOptions): Promise<Initiator> {
  return Initiator.start(options, (suite) => suite.kem.generateKeyPair());
}
