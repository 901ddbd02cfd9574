import type { Aggregator, UpdateEncryptor } from '@zkfl/fl-core';
import { requireFinite, sumUpdates } from '@zkfl/fl-core';
import { describeError } from '../errors.ts';
import { bytesToFloats, floatsToBytes } from '../simulate/bytes.ts';

/** The update as little-endian floats, in the clear: what `plain` and `kem` send. */
export function createPlaintextEncryptor(dimension: number): UpdateEncryptor<undefined> {
  return {
    encrypt: async (update) => ({ payload: floatsToBytes(update), encryptedCoordinates: 0, witness: undefined }),
    openSum: async (sum) => bytesToFloats(sum, dimension),
    dispose: async () => {},
  };
}

/** Adds floats; refuses another length, NaN and infinities. */
export function createPlaintextAggregator(dimension: number): Aggregator {
  return {
    async gate(payload) {
      try {
        requireFinite('update', bytesToFloats(payload, dimension));
        return { ok: true };
      } catch (error) {
        return { ok: false, reason: describeError(error) };
      }
    },
    sum: async (payloads) => floatsToBytes(sumUpdates(payloads.map((payload) => bytesToFloats(payload, dimension)))),
    dispose: async () => {},
  };
}
