import { AttackError } from '../errors.ts';

/** Every byte that crossed a wire, as an eavesdropper kept it. */
export interface RecordedWire {
  readonly protection: string;
  readonly messages: readonly Uint8Array[];
}

/**
 * What the eavesdropper can do with a message years later, with whatever keys it has by then; `undefined` or a throw
 * where it fails. The app passes these in: a broken X25519, both long-term keys, a stolen BFV key, …
 */
export interface LaterOpener {
  readonly name: string;
  open(message: Uint8Array): Promise<Uint8Array | undefined>;
}

export interface HarvestOutcome {
  /** Share of the wanted update's coordinates that appear in the best message, 0–1, by the best opener. */
  readonly recovered: number;
  /** `none` where the bytes were read as they are. */
  readonly opener: string;
  /** χ² of the recorded bytes per degree of freedom; about 1 for ciphertext, far above for floats in the clear. */
  readonly chiSquared: number;
}

/**
 * Harvest now, decrypt later: looks for `wanted`, the update that one hospital really sent, in every message as it is
 * and as each opener opens it, at each byte alignment, as little-endian float32.
 */
export async function harvest(
  wire: RecordedWire,
  wanted: Float32Array,
  openers: readonly LaterOpener[] = [],
): Promise<HarvestOutcome> {
  if (wanted.length === 0)
    throw new AttackError('argument', { operation: 'harvest', field: 'wanted', got: 0, want: 'an update' });
  const targets = new Set<number>();
  const bits = new Uint32Array(wanted.buffer.slice(wanted.byteOffset, wanted.byteOffset + wanted.byteLength));
  // Zeros and tiny integers occur in any format's headers.
  for (const word of bits) if (word > 0xffff) targets.add(word);
  let best = { recovered: 0, opener: 'none' };
  const consider = (opener: string, bytes: Uint8Array) => {
    const found = new Set<number>();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 4 <= bytes.length; at++) {
      const word = view.getUint32(at, true);
      if (targets.has(word)) found.add(word);
    }
    const recovered = targets.size === 0 ? 0 : found.size / targets.size;
    if (recovered > best.recovered) best = { recovered, opener };
  };
  for (const message of wire.messages) {
    consider('none', message);
    for (const opener of openers) {
      const opened = await opener.open(message).catch(() => undefined);
      if (opened !== undefined) consider(opener.name, opened);
    }
  }
  return { ...best, chiSquared: chiSquared(wire.messages) };
}

function chiSquared(messages: readonly Uint8Array[]): number {
  const counts = new Float64Array(256);
  let total = 0;
  for (const message of messages) {
    total += message.length;
    for (const byte of message) counts[byte]!++;
  }
  if (total === 0) return 0;
  const expected = total / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / 255;
}
