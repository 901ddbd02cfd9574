import { generateIdentity, sign, verify } from '@zkfl/kem';

const keyPair = await generateIdentity(); // ML-DSA-65
const context = new TextEncoder().encode('zkfl/audit');
const message = new TextEncoder().encode('round 3: accepted a, b, c');

const signature = await sign({ keyPair, message, context });
const verdict = await verify({ publicKey: keyPair.publicKey, message, signature, context });
if (!verdict.ok) throw new Error(verdict.reason);
