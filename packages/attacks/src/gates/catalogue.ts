import { lookUp } from '../errors.ts';
import { checkPolicy, type GatePolicy, type PolicyRule } from './policy.ts';

const adaptiveNorm: PolicyRule = {
  kind: 'norm-adaptive',
  floor: 0.01,
  ceiling: 20,
  width: 1,
  headroom: 0.25,
  reach: 0.75,
};

/** The policies that the matrix compares, weakest first. All can be proven; none opens an update. */
export const GATE_POLICIES: Readonly<Record<string, readonly PolicyRule[]>> = Object.freeze({
  /** The published rule: τ = 5 for ever. */
  'norm-frozen': [{ kind: 'norm-frozen', tau: 5 }],
  norm: [adaptiveNorm],
  'norm+layers': [adaptiveNorm, { kind: 'layers', source: 'previous', slack: 2, least: 0.1 }],
  'norm+direction-previous': [adaptiveNorm, { kind: 'direction', source: 'previous', cosine: 0 }],
  'norm+direction': [adaptiveNorm, { kind: 'direction', source: 'trusted', cosine: 0.1 }],
  'norm+sphere-previous': [adaptiveNorm, { kind: 'sphere', source: 'previous', ratio: 1.2 }],
  'norm+sphere': [adaptiveNorm, { kind: 'sphere', source: 'trusted', ratio: 1.2 }],
  /** What we recommend where a small trusted set exists. */
  recommended: [
    adaptiveNorm,
    { kind: 'layers', source: 'trusted', slack: 2, least: 0.1 },
    { kind: 'direction', source: 'trusted', cosine: 0.1 },
    { kind: 'sphere', source: 'trusted', ratio: 1.2 },
  ],
});

/** Throws `unknown-name` with the nearest known one. */
export const gatePolicy = (name: string): GatePolicy =>
  checkPolicy({ name, rules: lookUp('policy', 'name', GATE_POLICIES, name) });
