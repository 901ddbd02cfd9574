import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { chmod, link, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { defaultSuite, generateIdentity, type IdentityKeyPair, importIdentity, type KemKeyPair } from '@zkfl/kem';
import { z } from 'zod';
import { ZkflError } from '../errors.ts';
import { base64, canonicalBytes, canonicalText, digest, fromBase64, parseJsonBy, toBase64 } from './encoding.ts';

/** A party of a study: an X-Wing key for channels and an ML-DSA-65 key for signatures. */
export interface Identity {
  readonly name: string;
  readonly channel: KemKeyPair;
  readonly signature: IdentityKeyPair;
  wipe(): void;
}

/** scrypt at 128 MiB; an attacker with the file pays that for every guess. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 } as const;
const SEED_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OTHERS_MAY = 0o077;

const keyFile = z.strictObject({
  version: z.literal(1),
  kind: z.literal('zkfl-identity'),
  name: z.string().min(1).max(200),
  channelKey: base64(1216),
  channelFingerprint: digest,
  signatureKey: base64(1952),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    // A hostile file must not choose how much memory we spend.
    N: z.literal(SCRYPT.N),
    r: z.literal(SCRYPT.r),
    p: z.literal(SCRYPT.p),
    salt: base64(16),
  }),
  aead: z.strictObject({ name: z.literal('AES-256-GCM'), nonce: base64(NONCE_BYTES) }),
  sealed: base64(2 * SEED_BYTES + TAG_BYTES),
});
type KeyFile = z.infer<typeof keyFile>;

const stretch = (passphrase: string, salt: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(passphrase.normalize('NFKC'), salt, 32, { ...SCRYPT, maxmem: 2 ** 28 }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );

/** What the passphrase authenticates beside the secret: every public field of the file. */
const publicFields = ({ sealed: _, ...rest }: KeyFile): Uint8Array => canonicalBytes(rest);

function identityOf(name: string, channel: KemKeyPair, signature: IdentityKeyPair): Identity {
  return {
    name,
    channel,
    signature,
    wipe: () => {
      channel.wipe();
      signature.wipe();
    },
  };
}

/** Fresh keys that live in memory alone. */
export async function generateParty(name: string): Promise<Identity> {
  return identityOf(name, await defaultSuite.kem.generateKeyPair(), await generateIdentity());
}

async function sealKeys(identity: Identity, passphrase: string): Promise<KeyFile> {
  const salt = randomBytes(16);
  const nonce = randomBytes(NONCE_BYTES);
  const file: KeyFile = {
    version: 1,
    kind: 'zkfl-identity',
    name: identity.name,
    channelKey: toBase64(identity.channel.publicKey),
    channelFingerprint: bytesToHex(identity.channel.fingerprint),
    signatureKey: toBase64(identity.signature.publicKey),
    kdf: { name: 'scrypt', ...SCRYPT, salt: toBase64(salt) },
    aead: { name: 'AES-256-GCM', nonce: toBase64(nonce) },
    sealed: '',
  };
  const key = await stretch(passphrase, salt);
  const seeds = [identity.channel.exportSecretKey(), identity.signature.exportSecretKey()];
  try {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(publicFields(file));
    const parts = [...seeds.map((seed) => cipher.update(seed)), cipher.final(), cipher.getAuthTag()];
    return { ...file, sealed: toBase64(Buffer.concat(parts)) };
  } finally {
    key.fill(0);
    for (const seed of seeds) seed.fill(0);
  }
}

async function openKeys(path: string, file: KeyFile, passphrase: string): Promise<Identity> {
  const key = await stretch(passphrase, fromBase64(file.kdf.salt));
  const sealed = fromBase64(file.sealed);
  const seeds = new Uint8Array(2 * SEED_BYTES);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, fromBase64(file.aead.nonce))
      .setAAD(publicFields(file))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    seeds.set(decipher.update(sealed.subarray(0, -TAG_BYTES)));
    decipher.final();
    const channel = await defaultSuite.kem.importKeyPair({ secretKey: seeds.slice(0, SEED_BYTES) });
    const signature = await importIdentity({ secretKey: seeds.slice(SEED_BYTES) });
    return identityOf(file.name, channel, signature);
  } catch (cause) {
    throw new ZkflError(
      'identity',
      `key file: ${path}: got a passphrase that does not open it (or the file was changed), want the one it was made with`,
      { path },
      cause,
    );
  } finally {
    key.fill(0);
    seeds.fill(0);
  }
}

/** Writes `identity` under `path`, readable by its owner alone, whole or not at all. Throws `identity` where one is. */
export async function writeIdentity(path: string, identity: Identity, passphrase: string): Promise<void> {
  if (passphrase.length < 8)
    throw new ZkflError('identity', 'key file: passphrase: got fewer than 8 characters, want at least 8');
  const text = `${canonicalText(await sealKeys(identity, passphrase))}\n`;
  const partial = `${path}.${process.pid}.partial`;
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(partial, 0o600);
    // Unlike a rename, a link never replaces a key that is there.
    await link(partial, path);
  } catch (cause) {
    const there = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new ZkflError(
      'identity',
      there
        ? `key file: ${path}: got one that exists, want a new path: keys are never overwritten`
        : `key file: ${path}: cannot be written in ${dirname(path)}`,
      { path },
      cause,
    );
  } finally {
    await rm(partial, { force: true });
  }
}

/** Opens the key file of {@link writeIdentity}; throws `identity` for open permissions, a wrong passphrase, other bytes. */
export async function readIdentity(path: string, passphrase: string): Promise<Identity> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & OTHERS_MAY) !== 0)
      throw new ZkflError(
        'identity',
        `key file: ${path}: got permissions ${(mode & 0o777).toString(8)}, want 600: others may have read it. Run: chmod 600 ${path}, and make new keys if this machine has other users`,
        { path },
      );
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof ZkflError) throw cause;
    throw new ZkflError('identity', `key file: ${path}: cannot be read`, { path }, cause);
  }
  const file = parseJsonBy(keyFile, text, { code: 'identity', what: `key file: ${path}` });
  return openKeys(path, file, passphrase);
}
