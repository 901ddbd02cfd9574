import { open, seal, xWing } from '@zkfl/kem';

const keyPair = await xWing.generateKeyPair(); // keyPair.publicKey: 1216 bytes to publish
const context = new TextEncoder().encode('study 7, round 3');

const message = await seal({
  recipient: keyPair.publicKey,
  plaintext: new TextEncoder().encode('model update'),
  context,
});
const plaintext = await open({ keyPair, message, context });
if (new TextDecoder().decode(plaintext) !== 'model update') throw new Error('not what was sealed');
