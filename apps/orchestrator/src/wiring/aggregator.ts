import type { Aggregator } from '@zkfl/fl-core';
import { createAggregator, HeAggError } from '@zkfl/he-agg';
import { SET } from '../simulate/policy.ts';

/** Adds BFV ciphertexts without a key; `gate` is he-agg's own, before anything else looks at the bytes. */
export function createCiphertextAggregator(options: { readonly dimension: number }): Aggregator {
  const begin = () => createAggregator({ set: SET, dimension: options.dimension });
  return {
    async gate(payload) {
      try {
        begin().add(payload);
        return { ok: true };
      } catch (error) {
        if (error instanceof HeAggError) return { ok: false, reason: error.message };
        throw error;
      }
    },
    async sum(payloads) {
      const sum = begin();
      for (const payload of payloads) sum.add(payload);
      return sum.finish().bytes;
    },
    dispose: async () => {},
  };
}
