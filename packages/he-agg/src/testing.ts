export { encryptSeeded, type SeededSource, seededKeys, seededSource } from './testing/seeded.ts';
