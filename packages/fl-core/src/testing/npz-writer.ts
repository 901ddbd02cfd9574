import { zipSync } from 'fflate';
import { simRng } from '../sim-rng.ts';

/** A .npy 1.0 file; `descr` and `fortranOrder` may lie about the bytes. */
export function npyBytes(
  shape: readonly number[],
  data: Uint8Array,
  { descr = '|u1', fortranOrder = false }: { readonly descr?: string; readonly fortranOrder?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': (${tuple}), }`;
  // Magic, version and length take 10 bytes; the array starts at a multiple of 64.
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(data, 10 + header.length);
  return bytes;
}

/** A .npz archive of .npy files by array name, compressed as `np.savez_compressed` does. */
export function npzBytes(files: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> {
  const members = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.npy`, bytes]));
  return zipSync(members, { mtime: '2000-01-01' });
}

/**
 * A MedMNIST-shaped archive of 28×28 grey pictures of two classes that a small CNN can tell apart: class 1 has a bright
 * square. No patient's data.
 */
export function toyMedMnist(options: {
  readonly seed: number;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}): Uint8Array<ArrayBuffer> {
  const files: Record<string, Uint8Array> = {};
  for (const [role, samples] of [
    ['train', options.train],
    ['val', options.validation],
    ['test', options.test],
  ] as const) {
    const rng = simRng(options.seed, 'toy medmnist', role);
    const images = new Uint8Array(samples * 784);
    const labels = new Uint8Array(samples);
    for (let s = 0; s < samples; s++) {
      labels[s] = s % 2;
      const top = rng.integer(20);
      const left = rng.integer(20);
      for (let p = 0; p < 784; p++) {
        const y = Math.floor(p / 28) - top;
        const x = (p % 28) - left;
        const bright = labels[s] === 1 && x >= 0 && x < 8 && y >= 0 && y < 8;
        images[s * 784 + p] = (bright ? 150 : 40) + rng.integer(60);
      }
    }
    files[`${role}_images`] = npyBytes([samples, 28, 28], images);
    files[`${role}_labels`] = npyBytes([samples, 1], labels);
  }
  return npzBytes(files);
}
