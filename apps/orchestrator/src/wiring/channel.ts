import type { SecureChannel } from '@zkfl/fl-core';
import { createInitiator, createResponder, defaultSuite, type KemKeyPair, type Session } from '@zkfl/kem';

/** A party's static keys for channels. */
export interface ChannelIdentity {
  readonly keyPair: KemKeyPair;
  readonly publicKey: Uint8Array;
  dispose(): Promise<void>;
}

/** How handshake messages travel. */
export interface HandshakeWire {
  send(bytes: Uint8Array): Promise<void>;
  receive(): Promise<Uint8Array>;
}

export interface ChannelOptions {
  readonly identity: ChannelIdentity;
  /** the other's public key, known beforehand */
  readonly peer: Uint8Array;
  /** binds the channel to its study */
  readonly context: string;
  readonly wire: HandshakeWire;
}

/** No protection: the bytes as they are. The baseline that every other channel is measured against. */
export function openWire(): SecureChannel {
  return { seal: async (plaintext) => plaintext, open: async (envelope) => envelope, close: async () => {} };
}

/** X-Wing (X25519 + ML-KEM-768). */
export async function createIdentity(): Promise<ChannelIdentity> {
  const keyPair = await defaultSuite.kem.generateKeyPair();
  return { keyPair, publicKey: keyPair.publicKey, dispose: async () => keyPair.wipe() };
}

const contextBytes = (context: string) => new TextEncoder().encode(`zkfl/v1/orchestrator/channel ${context}`);

/** The connection ends without a close record: rounds are complete or they are not, a torn wire tells nothing else. */
const channelOf = (session: Session): SecureChannel => ({
  seal: (plaintext, associatedData) => session.seal(plaintext, associatedData),
  open: (envelope, associatedData) => session.open(envelope, associatedData),
  close: async () => session.wipe(),
});

/** The end that speaks first. Throws where the other does not hold the secret key of `peer`. */
export async function connectChannel({ identity, peer, context, wire }: ChannelOptions): Promise<SecureChannel> {
  const initiator = await createInitiator({
    keyPair: identity.keyPair,
    peerPublicKey: peer,
    context: contextBytes(context),
  });
  await wire.send(initiator.message);
  const { message, session } = await initiator.finish(await wire.receive());
  await wire.send(message);
  return channelOf(session);
}

/** The end that waits. */
export async function acceptChannel({ identity, peer, context, wire }: ChannelOptions): Promise<SecureChannel> {
  const responder = createResponder({
    keyPair: identity.keyPair,
    peerPublicKey: peer,
    context: contextBytes(context),
  });
  await wire.send(await responder.respond(await wire.receive()));
  return channelOf(await responder.finish(await wire.receive()));
}
