import { AttackError, lookUp } from '../errors.ts';
import { GATE_POLICIES, gatePolicy } from '../gates/catalogue.ts';
import { type GatePolicy, needsTrustedUpdate } from '../gates/policy.ts';
import { bulyan } from '../robust/bulyan.ts';
import { coordinateMedian, trimmedMean } from '../robust/coordinate.ts';
import { geometricMedian } from '../robust/geometric-median.ts';
import { krum, multiKrum } from '../robust/krum.ts';
import { centredClipping, flTrust, foolsGold } from '../robust/reference-based.ts';
import type { RobustRule } from '../robust/rule.ts';

/** What stands between an update and the model. */
export type Defence =
  | { readonly kind: 'none'; readonly name: string; readonly needsPlaintext: false }
  /** Proved in zero knowledge; the update stays encrypted. */
  | { readonly kind: 'gates'; readonly name: string; readonly needsPlaintext: false; readonly policy: GatePolicy }
  /** For comparison only: whoever runs it reads every update. */
  | { readonly kind: 'rule'; readonly name: string; readonly needsPlaintext: true; readonly rule: RobustRule };

/** Rules by name; `malicious` is the number that the rule is told to stand. */
export const ROBUST_RULES: Readonly<Record<string, (malicious: number) => RobustRule>> = Object.freeze({
  krum: (malicious) => krum({ malicious }),
  'multi-krum': (malicious) => multiKrum({ malicious }),
  bulyan: (malicious) => bulyan({ malicious }),
  median: () => coordinateMedian(),
  'trimmed-mean': (malicious) => trimmedMean({ malicious }),
  'geometric-median': () => geometricMedian(),
  'centred-clipping': () => centredClipping(),
  fltrust: () => flTrust(),
  foolsgold: () => foolsGold(),
});

/** Names of all defences: none, the gate policies, the plaintext rules. */
export const DEFENCE_NAMES: readonly string[] = Object.freeze([
  'none',
  ...Object.keys(GATE_POLICIES),
  ...Object.keys(ROBUST_RULES),
]);

/** Throws `unknown-name` with the nearest known one. */
export function defence(name: string, malicious: number): Defence {
  if (Object.hasOwn(GATE_POLICIES, name))
    return { kind: 'gates', name, needsPlaintext: false, policy: gatePolicy(name) };
  if (Object.hasOwn(ROBUST_RULES, name))
    return { kind: 'rule', name, needsPlaintext: true, rule: ROBUST_RULES[name]!(malicious) };
  lookUp('defence', 'name', Object.fromEntries(DEFENCE_NAMES.map((known) => [known, known])), name);
  return { kind: 'none', name: 'none', needsPlaintext: false };
}

/** Does the defence compare with an update trained on public data? */
export const usesTrustedUpdate = (chosen: Defence): boolean =>
  chosen.kind === 'gates' ? needsTrustedUpdate(chosen.policy) : chosen.name === 'fltrust';

/**
 * Throws `incompatible` where `protection` keeps updates encrypted and the defence needs them in the clear. `full` and
 * `kem+he` are the protections that encrypt.
 */
export function requireCompatible(chosen: Defence, protection: string): void {
  if (chosen.needsPlaintext && (protection === 'full' || protection === 'kem+he'))
    throw new AttackError('incompatible', {
      operation: 'defence',
      field: chosen.name,
      got: `protection ${protection}, under which nobody sees a single update`,
      want: 'a gate policy, or protection plain or kem',
    });
}
