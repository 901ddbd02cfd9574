import type { AeadName } from './aead.ts';
import { AEADS } from './aeads.ts';
import { type Bytes, concat, u16 } from './bytes.ts';
import { KemError } from './errors.ts';
import { hkdfSha256, type Kdf } from './kdf.ts';
import { KEMS, type Kem, type KemName } from './kem.ts';
import { checkOptions } from './options.ts';

/** KEM, KDF and AEAD that both ends agreed on beforehand; nothing is negotiated, so nothing can be downgraded. */
export interface Suite {
  readonly kem: Kem;
  readonly kdf: Kdf;
  readonly aead: AeadName;
}

const suites = new WeakSet<Suite>();

/** A checked, frozen suite; whatever is left out is the default's. Throws `argument`. */
export function createSuite(
  options: { readonly kem?: KemName; readonly kdf?: Kdf; readonly aead?: AeadName } = {},
): Suite {
  const operation = 'createSuite';
  checkOptions(operation, options, [], ['kem', 'kdf', 'aead']);
  const { kem = 'X-Wing', kdf = hkdfSha256, aead = 'AES-256-GCM' } = options;
  if (!Object.hasOwn(KEMS, kem))
    throw new KemError('argument', { operation, field: 'kem', got: String(kem), want: Object.keys(KEMS).join(', ') });
  if (!Object.hasOwn(AEADS, aead))
    throw new KemError('argument', {
      operation,
      field: 'aead',
      got: String(aead),
      want: Object.keys(AEADS).join(', '),
    });
  if (typeof kdf !== 'object' || typeof kdf.derive !== 'function' || typeof kdf.name !== 'string')
    throw new KemError('argument', { operation, field: 'kdf', got: typeof kdf, want: '{ name, id, derive }' });
  if (!Number.isInteger(kdf.id) || kdf.id < 1 || kdf.id > 0xffff)
    throw new KemError('argument', { operation, field: 'kdf.id', got: String(kdf.id), want: 'an integer 1..65535' });
  const suite: Suite = Object.freeze({ kem: KEMS[kem], kdf, aead });
  suites.add(suite);
  return suite;
}

/** X-Wing, HKDF-SHA-256, AES-256-GCM. */
export const defaultSuite: Suite = createSuite();

/** `value`, or the default; only what `createSuite` made counts. */
export function asSuite(operation: string, value: Suite | undefined): Suite {
  if (value === undefined) return defaultSuite;
  if (!suites.has(value))
    throw new KemError('argument', { operation, field: 'suite', got: typeof value, want: 'a suite of createSuite' });
  return value;
}

/** `kem u16 ‖ kdf u16 ‖ aead u16`. */
export function suiteId(suite: Suite): Bytes {
  return concat(u16(suite.kem.id), u16(suite.kdf.id), u16(AEADS[suite.aead].id));
}

export const SUITE_ID_BYTES = 6;

/** Compares the suite id in a message with the receiver's own; throws `suite-mismatch`. */
export function checkSuiteId(operation: string, suite: Suite, got: Bytes): void {
  const want = suiteId(suite);
  if (!got.every((byte, i) => byte === want[i]))
    throw new KemError('suite-mismatch', { operation, field: 'suite', got: hex(got), want: hex(want) });
}

function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
