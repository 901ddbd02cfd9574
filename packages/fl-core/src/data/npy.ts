import { FlCoreError } from '../errors.ts';

/** A C-order array of unsigned bytes. */
export interface ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** numpy.lib.format: a dictionary literal with these three keys in this order, padded by spaces, ended by a newline. */
const HEADER =
  /^\{'descr': ?'([^']*)', ?'fortran_order': ?(True|False), ?'shape': ?\(((?:\d+(?:, ?\d+)*,?)?)\),? ?\} *\n$/;

/**
 * Reads a .npy file (format 1.0–3.0) of dtype `|u1`. Throws `data-truncated`, `data-format`, `data-dtype`,
 * `data-order` or `data-shape`; bytes beyond the array are refused.
 */
export function parseNpy(bytes: Uint8Array<ArrayBuffer>, name: string): ByteArray {
  const operation = `npy ${name}`;
  const fail = (code: 'data-truncated' | 'data-format', field: string, got: number | string, want: number | string) =>
    new FlCoreError(code, { operation, field, got, want });
  if (bytes.length < 12) throw fail('data-truncated', 'bytes', bytes.length, '≥ 12');
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw fail('data-format', 'magic', 'other bytes', '\\x93NUMPY');
  const version = bytes[6]!;
  if (version < 1 || version > 3 || bytes[7] !== 0)
    throw fail('data-format', 'version', `${version}.${bytes[7]}`, '1.0, 2.0 or 3.0');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const end = start + headerLength;
  if (end > bytes.length) throw fail('data-truncated', 'header', bytes.length, `≥ ${end}`);
  const header = new TextDecoder('utf-8').decode(bytes.subarray(start, end));
  const match = HEADER.exec(header);
  if (!match) throw fail('data-format', 'header', JSON.stringify(header.slice(0, 80)), 'descr, fortran_order, shape');
  const [, descr, order, dimensions] = match;
  if (descr !== '|u1')
    throw new FlCoreError('data-dtype', { operation, field: 'descr', got: descr!, want: '|u1 (unsigned byte)' });
  if (order === 'True')
    throw new FlCoreError('data-order', { operation, field: 'fortran_order', got: true, want: false });
  const shape = dimensions!.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  const want = shape.reduce((product, n) => product * n, 1);
  const data = bytes.subarray(end);
  if (data.length < want) throw fail('data-truncated', 'array bytes', data.length, want);
  if (data.length !== want) throw fail('data-format', 'array bytes', data.length, want);
  return { shape, data };
}
