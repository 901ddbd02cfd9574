import { type Dataset, sampleCount } from '../dataset.ts';
import { FlCoreError, requireInteger } from '../errors.ts';
import type { SimRng } from '../sim-rng.ts';

/** How training samples are dealt to clients. */
export type Partition = { readonly kind: 'iid' } | { readonly kind: 'dirichlet'; readonly alpha: number };

/** Samples that a client whose share came out empty gets instead, as published. */
const REFILL = 10;

/**
 * Sample indices of each client. `iid`: a shuffle cut into parts whose sizes differ by at most 1. `dirichlet`: for each
 * class, proportions ~ Dirichlet(α over the clients), its samples cut in order, the last client takes the remainder;
 * a client that got nothing gets 10 random samples. Every sample belongs to exactly one client, except for those
 * refills, which are copies; no client is empty.
 */
export function partition(
  dataset: Dataset,
  how: Partition & { readonly clients: number },
  rng: SimRng,
): readonly (readonly number[])[] {
  const samples = sampleCount(dataset);
  requireInteger('partition', 'clients', how.clients, 1);
  requireInteger('partition', 'samples', samples, 1);
  const parts: number[][] = Array.from({ length: how.clients }, () => []);
  if (how.kind === 'iid') {
    const order = rng.stream('iid').permutation(samples);
    for (const [at, index] of order.entries()) parts[Math.floor((at * how.clients) / samples)]!.push(index);
  } else if (how.kind === 'dirichlet') {
    if (!(how.alpha > 0 && how.alpha < Number.POSITIVE_INFINITY))
      throw new FlCoreError('argument', {
        operation: 'partition',
        field: 'alpha',
        got: how.alpha,
        want: '> 0, finite',
      });
    for (let label = 0; label < dataset.classes.length; label++) {
      const members: number[] = [];
      for (const [i, l] of dataset.labels.entries()) if (l === label) members.push(i);
      const proportions = rng.stream('dirichlet', label).dirichlet(how.alpha, how.clients);
      let start = 0;
      for (const [client, proportion] of proportions.entries()) {
        const size = client === how.clients - 1 ? members.length - start : Math.floor(proportion * members.length);
        // Rounding of the proportions can't overrun: the sum of floors is at most the class size up to 1 ulp.
        const end = Math.min(members.length, start + size);
        parts[client]!.push(...members.slice(start, end));
        start = end;
      }
    }
  } else {
    throw new FlCoreError('argument', {
      operation: 'partition',
      field: 'kind',
      got: String((how as { kind: unknown }).kind),
      want: 'iid or dirichlet',
    });
  }
  for (const [client, part] of parts.entries())
    if (part.length === 0) part.push(...rng.stream('refill', client).permutation(samples).subarray(0, REFILL));
  return parts;
}
