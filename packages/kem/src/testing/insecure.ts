import { asBytes, exactBytes } from '../bytes.ts';
import { Initiator, type InitiatorOptions } from '../initiator.ts';
import { KEMS, type KemName } from '../kem.ts';
import { KemKeyPair } from '../key-pair.ts';

/** An initiator whose ephemeral key is kept: the control of the forward-secrecy test. */
export async function createInitiatorKeepingEphemeral(
  options: InitiatorOptions,
): Promise<{ initiator: Initiator; ephemeral: KemKeyPair }> {
  let ephemeral: KemKeyPair | undefined;
  const initiator = await Initiator.start(options, async ({ kem }) => {
    const pair = await kem.generateKeyPair();
    ephemeral = await kem.importKeyPair({ secretKey: pair.exportSecretKey() });
    return pair;
  });
  return { initiator, ephemeral: ephemeral as KemKeyPair };
}

/** A pair that claims `publicKey` without its secret: what an impersonator has. Its secret half is `other`'s. */
export function forgeKeyPair(options: { readonly publicKey: Uint8Array; readonly other: KemKeyPair }): KemKeyPair {
  const kem = KEMS[options.other.kem as KemName];
  const publicKey = exactBytes('forgeKeyPair', 'publicKey', options.publicKey, kem.publicKeyBytes);
  return new KemKeyPair(kem, publicKey.slice(), {
    decapsulate: (ciphertext) =>
      KemKeyPair.decapsulate('forgeKeyPair', options.other, asBytes('forgeKeyPair', 'ciphertext', ciphertext)),
    exportSecretKey: () => exactBytes('forgeKeyPair', 'secret', options.other.exportSecretKey(), kem.secretKeyBytes),
    wipe: () => undefined,
  });
}
