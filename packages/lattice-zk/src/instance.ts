import { LatticeZkError } from './errors.ts';
import { SIGMA_BIN_SQUARED } from './parameters/base-variance.ts';
import { describeSet, type ParameterSet } from './parameters.ts';
import type { Ptr } from './ring/kernels.ts';
import { STAGING_BYTES } from './ring/memory.ts';
import { Ring } from './ring/ring.ts';
import { TAGS } from './tags.ts';
import { FrameHash, STATE_BYTES } from './transcript.ts';

/** Most memory that one instance may take: 2 GiB. */
const MEMORY_LIMIT = 2 ** 31;

/** Public matrices in NTT form: t_A = Σ a1[i]·s1[i] + s2[0] + Σ a2[j]·s2[j+1], t_j = s2[j+1] + b[j]·s2[last] + message j. */
export interface CommitmentKey {
  readonly a1: readonly Ptr[];
  readonly a2: readonly Ptr[];
  readonly b: readonly Ptr[];
}

/** One thread's kernels for one set, with the public keys expanded so far. */
export interface Instance {
  readonly ring: Ring;
  readonly set: ParameterSet;
  readonly parametersDigest: Uint8Array;
  /** X^{N/2} = W^{n/2} in R_q, NTT form */
  readonly iota: Ptr;
  readonly key: { readonly a1: Ptr[]; readonly a2: Ptr[]; readonly b: Ptr[] };
  busy: boolean;
}

const instances = new WeakMap<ParameterSet, Instance>();

function instanceOf(set: ParameterSet): Instance {
  const known = instances.get(set);
  if (known !== undefined) return known;
  const ring = Ring.create({ N: set.N, moduli: set.primes, limit: MEMORY_LIMIT });
  const iota = ring.alloc(ring.rBytes);
  ring.xPower(iota, set.N / 2);
  const mark = ring.mark();
  const parametersDigest = new FrameHash(ring, TAGS.parameters)
    .text(describeSet(set, SIGMA_BIN_SQUARED))
    .digest(STATE_BYTES);
  ring.release(mark);
  const instance: Instance = { ring, set, parametersDigest, iota, key: { a1: [], a2: [], b: [] }, busy: false };
  instances.set(set, instance);
  return instance;
}

/**
 * Runs `work` with the thread's instance for a set and a commitment key for `committed` polynomials; afterwards
 * everything that it allocated is wiped, unless `secrets` is false: nothing that a verifier has is secret. Not re-entrant.
 * @throws LatticeZkError `internal` if called from inside `work`
 */
export function withInstance<T>(
  set: ParameterSet,
  committed: number,
  work: (instance: Instance) => T,
  { secrets = true }: { readonly secrets?: boolean } = {},
): T {
  const instance = instanceOf(set);
  if (instance.busy) {
    throw new LatticeZkError({ code: 'internal', operation: 'withInstance', field: 'instance', got: 'busy' });
  }
  instance.busy = true;
  try {
    extendKey(instance, committed);
    const mark = instance.ring.mark();
    try {
      return work(instance);
    } finally {
      instance.ring.release(mark, { wipe: secrets });
      instance.ring.zero(instance.ring.staging, STAGING_BYTES);
    }
  } finally {
    instance.busy = false;
  }
}

function extendKey(instance: Instance, committed: number): void {
  const { set, key } = instance;
  const messages = set.s2Polynomials - 2;
  while (key.a1.length < committed) key.a1.push(expandKey(instance, 'A1', key.a1.length));
  while (committed > 0 && key.a2.length < messages + 1) key.a2.push(expandKey(instance, 'A2', key.a2.length));
  while (committed > 0 && key.b.length < messages) key.b.push(expandKey(instance, 'b', key.b.length));
}

function expandKey({ ring, parametersDigest }: Instance, row: 'A1' | 'A2' | 'b', index: number): Ptr {
  const element = ring.allocPoly();
  const mark = ring.mark();
  const frames = new FrameHash(ring, TAGS.commitmentKey).bytes(parametersDigest).text(row).integer(index);
  ring.uniform(element, frames.stream());
  ring.ntt(element);
  ring.release(mark);
  return element;
}
