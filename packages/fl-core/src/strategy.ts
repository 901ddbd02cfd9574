import { FlCoreError, refuseUnknownOptions, requireNumber } from './errors.ts';
import { requireModelSize } from './model-spec.ts';

/** What a strategy keeps between rounds; FedAvg and FedProx keep nothing. */
export interface StrategyState {
  readonly steps: number;
  readonly firstMoment: Float32Array<ArrayBuffer>;
  readonly secondMoment: Float32Array<ArrayBuffer>;
}

/** A sum is all that an encrypted round opens: a rule of this kind never sees one client's update. */
export interface SumStrategy {
  readonly name: 'fedavg' | 'fedprox' | 'fedadam';
  readonly needs: 'sum';
  /** μ that clients add to their loss; 0 except for FedProx. */
  readonly proximal: number;
  /** Pure. `sum` = Σ of `clients` updates, D finite coordinates. Throws `model-size`, `not-finite`, `argument`. */
  apply(input: {
    readonly weights: Float32Array;
    readonly sum: Float32Array;
    readonly clients: number;
    readonly state?: StrategyState | undefined;
  }): { readonly weights: Float32Array<ArrayBuffer>; readonly state: StrategyState | undefined };
}

/** A rule that compares single updates; under encryption nobody can give it what it needs. */
export interface PlaintextStrategy {
  readonly name: string;
  readonly needs: 'plaintext updates';
  apply(input: {
    readonly weights: Float32Array;
    readonly updates: readonly Float32Array[];
  }): Float32Array<ArrayBuffer>;
}

export type Strategy = SumStrategy | PlaintextStrategy;

export interface FedAdamOptions {
  /** η; default 0.01. */
  readonly learningRate?: number;
  /** β₁; default 0.9. */
  readonly beta1?: number;
  /** β₂; default 0.99. */
  readonly beta2?: number;
  /** τ of the paper, the degree of adaptivity; default 0.001. */
  readonly epsilon?: number;
}

/** w ← w + Σ/n: the plain mean of the accepted updates (McMahan et al. 2017, equal weights). */
export function fedAvg(): SumStrategy {
  return { name: 'fedavg', needs: 'sum', proximal: 0, apply: meanStep };
}

/** FedAvg over clients that add μ/2 · ‖w − w_global‖² to their loss (Li et al. 2020). `proximal`: μ ≥ 0. */
export function fedProx(options: { readonly proximal: number }): SumStrategy {
  refuseUnknownOptions('fedProx', options, ['proximal']);
  requireNumber('fedProx', 'proximal', options.proximal, 0);
  return { name: 'fedprox', needs: 'sum', proximal: options.proximal, apply: meanStep };
}

/** Adam on the mean update at the server, without bias correction (Reddi et al. 2021, Algorithm 2, FedAdam). */
export function fedAdam(options: FedAdamOptions = {}): SumStrategy {
  refuseUnknownOptions('fedAdam', options, ['learningRate', 'beta1', 'beta2', 'epsilon']);
  const { learningRate = 0.01, beta1 = 0.9, beta2 = 0.99, epsilon = 0.001 } = options;
  requireNumber('fedAdam', 'learningRate', learningRate, 0);
  requireNumber('fedAdam', 'beta1', beta1, 0, 1 - Number.EPSILON);
  requireNumber('fedAdam', 'beta2', beta2, 0, 1 - Number.EPSILON);
  requireNumber('fedAdam', 'epsilon', epsilon, Number.MIN_VALUE);
  const apply: SumStrategy['apply'] = ({ weights, sum, clients, state }) => {
    checkStep(weights, sum, clients);
    const size = weights.length;
    if (state) {
      requireModelSize('fedAdam', state.firstMoment, size);
      requireModelSize('fedAdam', state.secondMoment, size);
    }
    const firstMoment = state ? new Float32Array(state.firstMoment) : new Float32Array(size);
    // v₀ = τ², the least that the paper allows.
    const secondMoment = state ? new Float32Array(state.secondMoment) : new Float32Array(size).fill(epsilon * epsilon);
    const next = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const mean = sum[i]! / clients;
      const m = beta1 * firstMoment[i]! + (1 - beta1) * mean;
      const v = beta2 * secondMoment[i]! + (1 - beta2) * mean * mean;
      firstMoment[i] = m;
      secondMoment[i] = v;
      next[i] = weights[i]! + (learningRate * m) / (Math.sqrt(v) + epsilon);
    }
    return { weights: next, state: { steps: (state?.steps ?? 0) + 1, firstMoment, secondMoment } };
  };
  return { name: 'fedadam', needs: 'sum', proximal: 0, apply };
}

/** Σ of updates in float32, in the order given; throws `model-size` or `not-finite` on a bad one. */
export function sumUpdates(updates: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const first = updates[0];
  if (first === undefined)
    throw new FlCoreError('argument', { operation: 'sumUpdates', field: 'updates', got: 0, want: '≥ 1' });
  const sum = new Float32Array(first.length);
  for (const update of updates) {
    requireModelSize('sumUpdates', update, sum.length);
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + update[i]!;
  }
  // A NaN or an infinity anywhere leaves the sum not finite; only then is it worth looking for whose it is.
  if (!isFiniteVector(sum)) for (const update of updates) requireFinite('sumUpdates', update);
  requireFinite('sumUpdates', sum);
  return sum;
}

/** Throws `not-finite` where a coordinate is NaN or infinite. */
export function requireFinite(operation: string, values: Float32Array): void {
  if (isFiniteVector(values)) return;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // x − x is 0 for finite x and NaN for the rest.
    if (value - value !== 0)
      throw new FlCoreError('not-finite', {
        operation,
        field: `coordinate ${i}`,
        got: String(value),
        want: 'a finite number',
      });
  }
}

function isFiniteVector(values: Float32Array): boolean {
  // x · 0 is 0 for finite x and NaN for the rest, and NaN stays.
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += values[i]! * 0;
  return zero === 0;
}

const meanStep: SumStrategy['apply'] = ({ weights, sum, clients }) => {
  checkStep(weights, sum, clients);
  const next = new Float32Array(weights.length);
  for (let i = 0; i < next.length; i++) next[i] = weights[i]! + sum[i]! / clients;
  return { weights: next, state: undefined };
};

function checkStep(weights: Float32Array, sum: Float32Array, clients: number): void {
  if (!Number.isSafeInteger(clients) || clients < 1)
    throw new FlCoreError('argument', {
      operation: 'strategy',
      field: 'clients',
      got: clients,
      want: 'an integer ≥ 1',
    });
  requireModelSize('strategy', sum, weights.length);
  requireFinite('strategy', sum);
}
