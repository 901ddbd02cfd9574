import { unzipSync } from 'fflate';
import { FlCoreError } from '../errors.ts';
import { type ByteArray, parseNpy } from './npy.ts';

/** The largest MedMNIST array at 28×28 (PathMNIST's training images) has 212 MB; a zip bomb stops here. */
const MAXIMUM_BYTES = 2 ** 30;

/**
 * The named arrays of a .npz archive (`np.savez` or `np.savez_compressed`); other members are not unpacked. Throws
 * `data-missing-array`, `data-truncated`, `data-format` and what {@link parseNpy} throws.
 */
export function parseNpz<Name extends string>(
  bytes: Uint8Array<ArrayBuffer>,
  names: readonly Name[],
  archive = 'archive',
): Record<Name, ByteArray> {
  const operation = `npz ${archive}`;
  const wanted = new Set(names.map((name) => `${name}.npy`));
  const sizes = new Map<string, number>();
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!wanted.has(name)) return false;
        if (originalSize > MAXIMUM_BYTES)
          throw new FlCoreError('data-format', {
            operation,
            field: name,
            got: originalSize,
            want: `≤ ${MAXIMUM_BYTES}`,
          });
        sizes.set(name, originalSize);
        return true;
      },
    });
  } catch (cause) {
    if (cause instanceof FlCoreError) throw cause;
    throw new FlCoreError(
      'data-truncated',
      { operation, field: 'zip', got: `${bytes.length} bytes`, want: 'a complete archive' },
      { cause },
    );
  }
  const arrays: Partial<Record<Name, ByteArray>> = {};
  for (const name of names) {
    const file = files[`${name}.npy`];
    if (!file)
      throw new FlCoreError('data-missing-array', {
        operation,
        field: name,
        got: 'no such member',
        want: `${name}.npy`,
      });
    if (file.length !== sizes.get(`${name}.npy`))
      throw new FlCoreError('data-truncated', {
        operation,
        field: name,
        got: file.length,
        want: sizes.get(`${name}.npy`)!,
      });
    arrays[name] = parseNpy(file as Uint8Array<ArrayBuffer>, name);
  }
  return arrays as Record<Name, ByteArray>;
}
