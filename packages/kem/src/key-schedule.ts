import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, type AeadKey } from './aead.ts';
import { AEADS } from './aeads.ts';
import { type Bytes, concat, equalBytes, prefixed, u32, wipe } from './bytes.ts';
import { runKdf } from './kdf.ts';
import type { Role } from './record.ts';
import { type Suite, suiteId } from './suite.ts';
import { TAG, taggedHash } from './tags.ts';

/** h0: what both ends know before the first message. */
export function prologueHash(suite: Suite, context: Uint8Array, responderFingerprint: Uint8Array): Bytes {
  return taggedHash(TAG.prologue, suiteId(suite), context, responderFingerprint);
}

/** h1: h0 and message 1 up to its encrypted identity. */
export function message1Hash(h0: Bytes, clear: Uint8Array): Bytes {
  return taggedHash(TAG.message1, h0, clear);
}

/** h2: everything both ends sent before the confirmations, and both static keys by fingerprint. */
export function transcriptHash(parts: {
  readonly h1: Bytes;
  readonly hiddenIdentity: Uint8Array;
  readonly initiatorFingerprint: Uint8Array;
  readonly ctE: Uint8Array;
  readonly ctI: Uint8Array;
}): Bytes {
  return taggedHash(TAG.transcript, parts.h1, parts.hiddenIdentity, parts.initiatorFingerprint, parts.ctE, parts.ctI);
}

/** Bytes of a hidden identity: a masked fingerprint and its tag. */
export const HIDDEN_IDENTITY_BYTES = 32 + 16;

/** What ss_R alone gives. */
export interface IdentitySecrets {
  /** Goes into the master secrets. */
  readonly chain: Bytes;
  /** One-time pad for the initiator's fingerprint; fresh, since ss_R is. */
  readonly pad: Bytes;
  readonly tagKey: Bytes;
}

export async function deriveIdentitySecrets(suite: Suite, ssR: Uint8Array, h1: Bytes): Promise<IdentitySecrets> {
  const out = await runKdf('handshake', suite.kdf, {
    secret: ssR,
    salt: h1,
    info: concat(prefixed(TAG.identity), suiteId(suite)),
    length: 96,
  });
  try {
    return { chain: out.slice(0, 32), pad: out.slice(32, 64), tagKey: out.slice(64) };
  } finally {
    wipe(out);
  }
}

/** The 16-byte tag over a masked fingerprint: the KDF as a PRF under a key that is used once. */
function identityTag(suite: Suite, { tagKey }: IdentitySecrets, h1: Bytes, masked: Uint8Array): Promise<Bytes> {
  return runKdf('handshake', suite.kdf, {
    secret: tagKey,
    salt: h1,
    info: concat(prefixed(TAG.identityTag), suiteId(suite), masked),
    length: 16,
  });
}

function mask(pad: Uint8Array, bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes).map((byte, i) => byte ^ (pad[i] as number));
}

/** `fingerprint` XOR pad, and the tag: 48 bytes. */
export async function hideIdentity(
  suite: Suite,
  secrets: IdentitySecrets,
  h1: Bytes,
  fingerprint: Uint8Array,
): Promise<Bytes> {
  const masked = mask(secrets.pad, fingerprint);
  return concat(masked, await identityTag(suite, secrets, h1, masked));
}

/** The fingerprint, or undefined where the tag does not fit. */
export async function revealIdentity(
  suite: Suite,
  secrets: IdentitySecrets,
  h1: Bytes,
  hidden: Uint8Array,
): Promise<Bytes | undefined> {
  const masked = hidden.slice(0, 32);
  const tag = await identityTag(suite, secrets, h1, masked);
  return equalBytes(tag, hidden.slice(32)) ? mask(secrets.pad, masked) : undefined;
}

export interface MasterSecrets {
  readonly confirmResponder: Bytes;
  readonly confirmInitiator: Bytes;
  readonly epoch: Readonly<Record<Role, Bytes>>;
  readonly exporter: Bytes;
}

/** From all three KEM secrets and the whole transcript. */
export async function deriveMaster(
  suite: Suite,
  secrets: { readonly chain: Uint8Array; readonly ssE: Uint8Array; readonly ssI: Uint8Array },
  h2: Bytes,
): Promise<MasterSecrets> {
  const secret = concat(secrets.chain, secrets.ssE, secrets.ssI);
  try {
    const out = await runKdf('handshake', suite.kdf, {
      secret,
      salt: h2,
      info: concat(prefixed(TAG.master), suiteId(suite)),
      length: 160,
    });
    try {
      return {
        confirmResponder: out.slice(0, 32),
        confirmInitiator: out.slice(32, 64),
        epoch: { initiator: out.slice(64, 96), responder: out.slice(96, 128) },
        exporter: out.slice(128),
      };
    } finally {
      wipe(out);
    }
  } finally {
    wipe(secret);
  }
}

export function wipeMaster(master: MasterSecrets): void {
  wipe(
    master.confirmResponder,
    master.confirmInitiator,
    master.epoch.initiator,
    master.epoch.responder,
    master.exporter,
  );
}

export interface EpochKeys {
  readonly key: AeadKey;
  readonly iv: Bytes;
  /** The next epoch's secret; this one's is gone. */
  readonly next: Bytes;
}

/** Keys of one epoch of one direction; wipes `secret`, so that no key leads back. */
export async function deriveEpoch(
  suite: Suite,
  secret: Bytes,
  place: { readonly h2: Bytes; readonly sender: Role; readonly epoch: number },
): Promise<EpochKeys> {
  try {
    const out = await runKdf('session', suite.kdf, {
      secret,
      salt: place.h2,
      info: concat(
        prefixed(TAG.epoch),
        suiteId(suite),
        Uint8Array.of(place.sender === 'initiator' ? 0 : 1),
        u32(place.epoch),
      ),
      length: AEAD_KEY_BYTES + AEAD_NONCE_BYTES + 32,
    });
    const raw = out.slice(0, AEAD_KEY_BYTES);
    try {
      return {
        key: await AEADS[suite.aead].importKey(raw),
        iv: out.slice(32, 44),
        next: out.slice(44),
      };
    } finally {
      wipe(raw, out);
    }
  } finally {
    wipe(secret);
  }
}
