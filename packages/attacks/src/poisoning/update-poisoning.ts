import type { PoisoningAttack, PoisoningContext } from '../attack.ts';
import { AttackError, refuseUnknownOptions, requireNumber } from '../errors.ts';
import { deviation, euclideanNorm, mean, median, plus, scaled, squaredDistance } from '../vectors.ts';

/** −factor times what training gave. `factor` > 0, default 5. */
export function signFlip(options: { readonly factor?: number } = {}): PoisoningAttack {
  refuseUnknownOptions('signFlip', options, ['factor']);
  const { factor = 5 } = options;
  requireNumber('signFlip', 'factor', factor, Number.MIN_VALUE);
  return {
    name: 'sign-flip',
    citation: 'Li, Xu, Chen, Giannakis, Ling: RSA, AAAI 2019',
    adversary: { controls: 'one client', sees: 'own data' },
    goal: 'ruin',
    poison: ({ honestUpdate }) => scaled(honestUpdate, -factor),
  };
}

/** Against the colluders' step, `factor` times as long as the median honest update. `factor` > 1, default 20. */
export function scaling(options: { readonly factor?: number } = {}): PoisoningAttack {
  refuseUnknownOptions('scaling', options, ['factor']);
  const { factor = 20 } = options;
  requireNumber('scaling', 'factor', factor, 1);
  return {
    name: 'scaling',
    citation: 'Bhagoji, Chakraborty, Mittal, Calo: Analyzing federated learning through an adversarial lens, ICML 2019',
    adversary: { controls: 'colluding clients', sees: "every client's update" },
    goal: 'ruin',
    poison: (context) =>
      ofLength(
        mean(context.colluders ?? [context.honestUpdate]),
        -factor * median(honestOf('scaling', context).map(euclideanNorm)),
      ),
  };
}

/**
 * A little is enough: μ − z·σ in every coordinate. z from the published formula for n and f, but at least
 * `deviations` (default 1.5): at f/n = 0.2 the formula gives about 0, no attack.
 */
export function littleIsEnough(options: { readonly deviations?: number } = {}): PoisoningAttack {
  refuseUnknownOptions('littleIsEnough', options, ['deviations']);
  const { deviations = 1.5 } = options;
  requireNumber('littleIsEnough', 'deviations', deviations, 0);
  return {
    name: 'alie',
    citation: 'Baruch, Baruch, Goldberg: A little is enough, NeurIPS 2019',
    adversary: { controls: 'colluding clients', sees: "every client's update" },
    goal: 'ruin',
    poison: (context) => {
      const honest = honestOf('alie', context);
      const { malicious = 1, clients = honest.length + malicious } = context;
      const z = Math.max(deviations, littleIsEnoughDeviations(clients, malicious));
      return plus(mean(honest), deviation(honest), -z);
    },
  };
}

/** z_max = Φ⁻¹((n − f − s)/(n − f)), s = ⌊n/2⌋ + 1 − f. */
export function littleIsEnoughDeviations(clients: number, malicious: number): number {
  const supporters = Math.floor(clients / 2) + 1 - malicious;
  const share = (clients - malicious - supporters) / (clients - malicious);
  return share <= 0.5 ? 0 : normalQuantile(Math.min(share, 1 - 1e-12));
}

/** −strength times the honest mean: the inner product with the true step turns negative. Default 5. */
export function innerProductManipulation(options: { readonly strength?: number } = {}): PoisoningAttack {
  refuseUnknownOptions('innerProductManipulation', options, ['strength']);
  const { strength = 5 } = options;
  requireNumber('innerProductManipulation', 'strength', strength, Number.MIN_VALUE);
  return {
    name: 'ipm',
    citation: 'Xie, Koyejo, Gupta: Fall of empires, UAI 2020',
    adversary: { controls: 'colluding clients', sees: "every client's update" },
    goal: 'ruin',
    poison: (context) => scaled(mean(honestOf('ipm', context)), -strength),
  };
}

const SHEJWALKAR = 'Shejwalkar, Houmansadr: Manipulating the Byzantine, NDSS 2021 (update-agnostic, σ perturbation)';

/** μ − γ·σ/‖σ‖, γ the largest with no honest update farther away than two honest ones are from each other. */
export function minMax(): PoisoningAttack {
  return {
    name: 'min-max',
    citation: SHEJWALKAR,
    adversary: { controls: 'colluding clients', sees: "every client's update" },
    goal: 'ruin',
    poison: (context) => farthest(honestOf('min-max', context), (distances) => Math.max(...distances)),
  };
}

/** The same with the sum of squared distances to all honest updates. */
export function minSum(): PoisoningAttack {
  return {
    name: 'min-sum',
    citation: SHEJWALKAR,
    adversary: { controls: 'colluding clients', sees: "every client's update" },
    goal: 'ruin',
    poison: (context) =>
      farthest(honestOf('min-sum', context), (distances) => distances.reduce((sum, d) => sum + d, 0)),
  };
}

/**
 * Knows β and every gate: aims straight against the honest mean, as far as the norm bound reaches, and sends the
 * nearest point that every gate accepts. Undefended it sends −5 times the honest mean.
 */
export function adaptive(): PoisoningAttack {
  return {
    name: 'adaptive',
    citation: 'Carlini, Wagner 2017 (attacks that know the defence); the projection onto the gates is ours',
    adversary: { controls: 'colluding clients', sees: "every client's update and every gate" },
    goal: 'ruin',
    conforms: true,
    poison: (context) => {
      const target = mean(honestOf('adaptive', context));
      return context.plan === undefined ? scaled(target, -5) : ofLength(target, -context.plan.tau);
    },
  };
}

/** Sends the last global step again with a little noise: has not trained. */
export function freeRider(options: { readonly noise?: number } = {}): PoisoningAttack {
  refuseUnknownOptions('freeRider', options, ['noise']);
  const { noise = 0.1 } = options;
  requireNumber('freeRider', 'noise', noise, 0);
  return {
    name: 'free-rider',
    citation: 'Lin, Du, Liu: Free-riders in federated learning, 2019',
    adversary: { controls: 'one client', sees: 'own data' },
    goal: 'none',
    conforms: true,
    poison: ({ previous, weights, rng }) => {
      const base = previous ?? new Float32Array(weights.length);
      const level = previous === undefined ? 1e-4 : (noise * euclideanNorm(base)) / Math.sqrt(base.length);
      return Float32Array.from(base, (value) => value + rng.normal(0, level));
    },
  };
}

/** What an omniscient attacker needs; throws `argument` where the run shows it no honest update. */
function honestOf(operation: string, { seen }: PoisoningContext): readonly Float32Array[] {
  if (seen.length === 0)
    throw new AttackError('argument', { operation, field: 'seen', got: 0, want: 'the honest updates of the round' });
  return seen;
}

/** `vector` stretched to Euclidean length |length|, turned round where `length` is negative. */
function ofLength(vector: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const norm = euclideanNorm(vector);
  return scaled(vector, norm > 0 ? length / norm : 0);
}

function farthest(
  honest: readonly Float32Array[],
  measure: (squaredDistances: readonly number[]) => number,
): Float32Array<ArrayBuffer> {
  const centre = mean(honest);
  const spread = deviation(honest);
  const direction = scaled(spread, -1 / Math.max(euclideanNorm(spread), Number.MIN_VALUE));
  const allowed = Math.max(...honest.map((a) => measure(honest.map((b) => squaredDistance(a, b)))));
  const reaches = (gamma: number) => {
    const candidate = plus(centre, direction, gamma);
    return measure(honest.map((update) => squaredDistance(candidate, update))) <= allowed;
  };
  let [low, high] = [0, 1];
  while (reaches(high) && high < 1e6) high *= 2;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (reaches(middle)) low = middle;
    else high = middle;
  }
  return plus(centre, direction, low);
}

/** Φ⁻¹ by bisection of the error function's series; absolute error below 1e-9 on [1e-12, 1 − 1e-12]. */
function normalQuantile(share: number): number {
  let [low, high] = [-8, 8];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Φ(x) = ½ + φ(x)·Σ x^{2k+1}/(1·3·…·(2k+1)), |x| ≤ 8. */
function normalShare(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < 200; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-(x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
