import type { Aggregator } from '@zkfl/fl-core';
import { checkUpdate, createAggregator, HeAggError } from '@zkfl/he-agg';
import { SET } from '../simulate/policy.ts';

/** Adds BFV ciphertexts without a key; `gate` is he-agg's own, before anything else looks at the bytes. */
export function createCiphertextAggregator(options: { readonly dimension: number }): Aggregator {
  const { dimension } = options;
  return {
    async gate(payload) {
      try {
        checkUpdate({ set: SET, dimension: options.dimension, bytes: payload });
        return { ok: true };
      } catch (error) {
        if (error instanceof HeAggError) return { ok: false, reason: error.message };
        throw error;
      }
    },
    async sum(payloads) {
      const sum = createAggregator({ set: SET, dimension });
      for (const payload of payloads) sum.add(payload);
      return sum.finish().bytes;
    },
    dispose: async () => {},
  };
}
