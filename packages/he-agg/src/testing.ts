// In CommonJS the two doors are separate copies: an engine works with the door that made it, bytes pass between them.
export { createEngine } from './engine.ts';
export { encodePublicKey, encodeSecretKey } from './keys.ts';
export { encryptSeeded, type SeededSource, seededKeys, seededSource } from './testing/seeded.ts';
