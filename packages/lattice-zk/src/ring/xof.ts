import { LatticeZkError } from '../errors.ts';
import type { Ptr } from './kernels.ts';
import { type KernelMemory, STAGING_BYTES } from './memory.ts';

const SPONGE_BYTES = 208;
const STREAM_BYTES = 416;
/** Bytes of a stream key and of an expansion seed. */
export const SEED_BYTES = 32;

/**
 * TurboSHAKE128 or TurboSHAKE256 (RFC 9861), streaming: absorb any number of times, `finish`, squeeze any number of times.
 * The state lives in the memory's arena from construction on: releasing an older mark invalidates it.
 */
export class Sponge {
  readonly memory: KernelMemory;
  readonly bits: 128 | 256;
  /** Domain separation byte D, 0x01 to 0x7f. */
  readonly domain: number;
  /** Address of the state. */
  readonly state: Ptr;
  #squeezing = false;

  constructor(memory: KernelMemory, { bits, domain = 0x1f }: { readonly bits: 128 | 256; readonly domain?: number }) {
    if (!Number.isInteger(domain) || domain < 1 || domain > 0x7f)
      throw new LatticeZkError({
        code: 'options',
        operation: 'Sponge',
        field: 'domain',
        got: domain,
        want: '1 to 127',
      });
    this.memory = memory;
    this.bits = bits;
    this.domain = domain;
    this.state = memory.alloc(SPONGE_BYTES);
    this.reset();
  }

  get squeezing(): boolean {
    return this.#squeezing;
  }

  #expect(squeezing: boolean, operation: string): void {
    if (this.#squeezing !== squeezing)
      throw new LatticeZkError({
        code: 'internal',
        operation,
        field: 'sponge',
        got: this.#squeezing ? 'squeezing' : 'absorbing',
      });
  }

  reset(): void {
    this.memory.kernels.spongeReset(this.state, this.bits === 128 ? 168 : 136);
    this.#squeezing = false;
  }

  absorb(bytes: Uint8Array): this {
    this.#expect(false, 'absorb');
    for (let at = 0; at < bytes.length; at += STAGING_BYTES) {
      const part = bytes.subarray(at, at + STAGING_BYTES);
      this.memory.bytes(this.memory.staging, part.length).set(part);
      this.memory.kernels.spongeAbsorb(this.state, this.memory.staging, part.length);
    }
    return this;
  }

  /** Absorbs bytes that already lie in the memory. */
  absorbAt(p: Ptr, length: number): this {
    this.#expect(false, 'absorb');
    this.memory.kernels.spongeAbsorb(this.state, p, length);
    return this;
  }

  finish(): this {
    this.#expect(false, 'finish');
    this.memory.kernels.spongeFinish(this.state, this.domain);
    this.#squeezing = true;
    return this;
  }

  squeeze(length: number): Uint8Array<ArrayBuffer> {
    this.#expect(true, 'squeeze');
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += STAGING_BYTES) {
      const part = Math.min(STAGING_BYTES, length - at);
      this.memory.kernels.spongeSqueeze(this.state, this.memory.staging, part);
      out.set(this.memory.bytes(this.memory.staging, part), at);
    }
    return out;
  }

  squeezeTo(p: Ptr, length: number): void {
    this.#expect(true, 'squeeze');
    this.memory.kernels.spongeSqueeze(this.state, p, length);
  }

  /** An independent copy of the present state. */
  clone(): Sponge {
    const twin = new Sponge(this.memory, { bits: this.bits, domain: this.domain });
    this.memory.copy(twin.state, this.state, SPONGE_BYTES);
    twin.#squeezing = this.#squeezing;
    return twin;
  }

  wipe(): void {
    this.memory.zero(this.state, SPONGE_BYTES);
    this.reset();
  }
}

/**
 * Secret pseudo-random words: two TurboSHAKE256 (domain byte 0x1f) streams of key || 0 and key || 1, whose 136-byte blocks
 * alternate. The key is 32 fresh bytes of the platform's CSPRNG, or a test's seed. Wipe it in `finally`.
 */
export class SecretStream {
  readonly memory: KernelMemory;
  /** Address of the state. */
  readonly state: Ptr;

  /** The caller keeps and wipes its own `key`. */
  constructor(memory: KernelMemory, key: Uint8Array) {
    if (key.length !== SEED_BYTES)
      throw new LatticeZkError({
        code: 'options',
        operation: 'SecretStream',
        field: 'key',
        got: key.length,
        want: `${SEED_BYTES} bytes`,
      });
    this.memory = memory;
    this.state = memory.alloc(STREAM_BYTES);
    memory.bytes(memory.staging, SEED_BYTES).set(key);
    memory.kernels.streamStart(this.state, memory.staging);
    memory.zero(memory.staging, SEED_BYTES);
  }

  /** Fills `length` bytes, a multiple of 8. */
  fill(dst: Ptr, length: number): void {
    if (length % 8 !== 0)
      throw new LatticeZkError({
        code: 'internal',
        operation: 'fill',
        field: 'length',
        got: length,
        want: '8 | length',
      });
    this.memory.kernels.streamBytes(this.state, dst, length);
  }

  /** The next eight bytes. */
  word(): bigint {
    this.fill(this.memory.staging, 8);
    const word = this.memory.u64(this.memory.staging, 1)[0]!;
    this.memory.zero(this.memory.staging, 8);
    return word;
  }

  /** `count` i8, uniform in {-1, 0, 1}. */
  ternary(dst: Ptr, count: number): void {
    this.memory.kernels.streamTernary(this.state, dst, count);
  }

  /** `count` i8, uniform in {0, 1}. */
  binary(dst: Ptr, count: number): void {
    this.memory.kernels.streamBinary(this.state, dst, count);
  }

  wipe(): void {
    this.memory.zero(this.state, STREAM_BYTES);
  }

  toJSON(): string {
    return '[secret stream]';
  }
}
