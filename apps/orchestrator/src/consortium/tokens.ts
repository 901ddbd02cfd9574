import { canonicalBytes, sha3Hex } from './encoding.ts';

/** What the coordinator keeps of a one-time token: 32 random bytes need no stretching. */
export const tokenHash = (token: string): string => sha3Hex(canonicalBytes({ token }));
