/** Mutants that no test can tell from the verifier, each with the reason; `line` is part of the source line. */
export const EQUIVALENT: readonly { readonly file: string; readonly line: string; readonly reason: string }[] = [
  {
    file: 'verify.ts',
    line: 'for (let j = 0; j < positions.length; j++)',
    reason: 'one turn more writes at index NaN, which a typed array ignores',
  },
  {
    file: 'proof.ts',
    line: 'if (bytes.length > limit)',
    reason: 'memory is sized by the relation, and longer bytes fail in `finish`: the limit only refuses them sooner',
  },
  {
    file: 'codec.ts',
    line: 'while (this.#filled < bits)',
    reason: 'reads one byte ahead, within the buffer',
  },
  {
    file: 'codec.ts',
    line: 'if (this.#offset >= this.#buffer.length)',
    reason: 'bits behind the end read as zeros and move the offset past the length, which `finish` refuses',
  },
  {
    file: 'codec.ts',
    line: 'if (this.#filled !== 0) throw',
    reason: 'guard for a second caller: `bytes` is called once, before any bits are read',
  },
  {
    file: 'challenge.ts',
    line: 'if (known !== undefined) return known;',
    reason: 'a cache: without it the same table is computed again',
  },
  {
    file: 'challenge.ts',
    line: 'for (let j = 0; j < 2 * n; j++)',
    reason: 'one turn more writes behind the end, which a typed array ignores',
  },
  {
    file: 'codec.ts',
    line: 'if (offset >= buffer.length) short();',
    reason: 'bits behind the end read as zeros and move the offset past the length, which `finish` refuses',
  },
  {
    file: 'codec.ts',
    line: 'if (steps[1] > 0)',
    reason: 'without high bits the block reads zero bits and adds 0',
  },
  {
    file: 'codec.ts',
    line: 'while (filled < 8 && offset < buffer.length)',
    reason: 'fills up as many bits as there are, one byte more or less',
  },
  {
    file: 'challenge.ts',
    line: 'for (let k = 0; k < n / 2; k++)',
    reason: 'root n/2 mirrors root n/2 − 1: the same value is measured twice',
  },
  {
    file: 'codec.ts',
    line: 'while (filled < steps[',
    reason: 'reads one byte ahead, within the buffer',
  },
  {
    file: 'linear.ts',
    line: 'ring.zero(p, ring.polyBytes)',
    reason: 'masks of a prover only, and released memory is zero already: the line does not rely on that',
  },
  {
    file: 'projection.ts',
    line: 'const all = hold &&',
    reason: 'where matrices are kept decides about memory and time, not about their entries',
  },
  {
    file: 'projection.ts',
    line: 'if (room.holder !== self) known.clear();',
    reason: 'guard for a caller that goes back to an older source; none does',
  },
  {
    file: 'projection.ts',
    line: 'for (let l = 0; l < ring.L; l++)',
    reason: 'one turn more copies into memory that the tables overwrite afterwards',
  },
  {
    file: 'codec.ts',
    line: 'if (this.#buffer.length - this.#offset < length)',
    reason: 'differs for a buffer of exactly 32 bytes only, which ends a line later for want of elements',
  },
  {
    file: 'codec.ts',
    line: 'bits > 24 ? this.bits',
    reason: 'differs for a prime of exactly 24 bits only, and then reads zero bits',
  },
  {
    file: 'codec.ts',
    line: 'bits > 48 ? this.bits',
    reason: 'differs for a prime of exactly 48 bits only, and then reads zero bits',
  },
  {
    file: 'quadratic.ts',
    line: 'for (let l = 0; l < ring.L; l++)',
    reason: 'one turn more copies into scratch memory that is written again before it is read',
  },
  {
    file: 'quadratic.ts',
    line: 'ring.zero(dst, ring.polyBytes)',
    reason: 'memory that was never used, or was released, is zero already: the line does not rely on that',
  },
  {
    file: 'quadratic.ts',
    line: 'for (let p = 0; p < layout.count + relation.derived.length; p++)',
    reason: 'one turn more meets a number that no form names',
  },
  {
    file: 'quadratic.ts',
    line: 'if (norms.length === 0) continue;',
    reason: 'a polynomial in no norm gets the factor 0: the line saves the product',
  },
  {
    file: 'quadratic.ts',
    line: 'touched',
    reason: 'a polynomial without a linear part has a zero one: the flag saves its transform',
  },
];
