import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { FlCoreError, parseCsv, parseMedMnist, parseNpy, parseNpz } from '../src/index.ts';
import { npyBytes, npzBytes, toyMedMnist } from '../src/testing.ts';

const toy = (counts = { train: 6, validation: 4, test: 5 }) => toyMedMnist({ seed: 1, ...counts });
const members = () => unzipSync(toy());
const code = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    if (error instanceof FlCoreError) return error.code;
    throw error;
  }
  return 'no error';
};
const withMember = (name: string, bytes: Uint8Array) => zipSync({ ...members(), [`${name}.npy`]: bytes });

describe('.npy', () => {
  it('reads back any byte array', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }),
        fc.nat(255),
        (shape, fill) => {
          const data = new Uint8Array(shape.reduce((product, n) => product * n, 1)).fill(fill);
          const parsed = parseNpy(npyBytes(shape, data), 'x');
          expect(parsed.shape).toEqual(shape);
          expect(parsed.data).toEqual(data);
        },
      ),
    );
  });

  it('every truncation is refused', () => {
    const bytes = npyBytes([3, 4], new Uint8Array(12));
    for (let length = 0; length < bytes.length; length++)
      expect(code(() => parseNpy(bytes.slice(0, length), 'x'))).toBe('data-truncated');
  });

  it.each<[string, string, () => Uint8Array<ArrayBuffer>]>([
    ['a wider dtype', 'data-dtype', () => npyBytes([2], new Uint8Array(2), { descr: '<u2' })],
    ['a float dtype', 'data-dtype', () => npyBytes([2], new Uint8Array(8), { descr: '<f4' })],
    ['a pickled object', 'data-dtype', () => npyBytes([2], new Uint8Array(8), { descr: '|O' })],
    ['fortran order', 'data-order', () => npyBytes([2, 2], new Uint8Array(4), { fortranOrder: true })],
    ['bytes left over', 'data-format', () => npyBytes([2], new Uint8Array(3))],
    ['another magic', 'data-format', () => npyBytes([2], new Uint8Array(2)).fill(0x92, 0, 1)],
    ['version 4', 'data-format', () => npyBytes([2], new Uint8Array(2)).fill(4, 6, 7)],
    ['a header that is no dictionary', 'data-format', () => npyBytes([2], new Uint8Array(2)).fill(0x20, 10, 11)],
    ['a huge shape', 'data-truncated', () => npyBytes([4_000_000_000, 4_000_000_000], new Uint8Array(2))],
  ])('%s is refused', (_, want, bytes) => {
    expect(code(() => parseNpy(bytes(), 'x'))).toBe(want);
  });
});

describe('MedMNIST .npz', () => {
  it('reads images, labels and classes in their roles', () => {
    const data = parseMedMnist(toy(), 'pneumoniamnist');
    expect(data.train.shape).toEqual([28, 28, 1]);
    expect([data.train, data.validation, data.test].map((part) => part.labels.length)).toEqual([6, 4, 5]);
    expect(data.train.classes).toEqual(['normal', 'pneumonia']);
    expect([...data.test.labels]).toEqual([0, 1, 0, 1, 0]);
    const raw = parseNpz(toy(), ['test_images']).test_images.data;
    expect(data.test.features[100]).toBeCloseTo(raw[100]! / 127.5 - 1, 6);
    expect(data.attribution).toContain('CC BY 4.0');
  });

  it('reads colour images and unlisted names', () => {
    const arrays = Object.fromEntries(
      ['train', 'val', 'test'].flatMap((role) => [
        [`${role}_images`, npyBytes([2, 4, 4, 3], new Uint8Array(96))],
        [`${role}_labels`, npyBytes([2, 1], Uint8Array.of(0, 2))],
      ]),
    );
    const data = parseMedMnist(npzBytes(arrays), 'ours');
    expect(data.train.shape).toEqual([4, 4, 3]);
    expect(data.train.classes).toEqual(['0', '1', '2']);
  });

  it.each<[string, string, () => Uint8Array<ArrayBuffer>]>([
    ['an empty file', 'data-truncated', () => new Uint8Array(0)],
    ['a file that is no zip', 'data-truncated', () => new Uint8Array(1000).fill(65)],
    ['labels out of range', 'data-labels', () => withMember('val_labels', npyBytes([4, 1], Uint8Array.of(0, 1, 2, 0)))],
    ['fewer labels than images', 'data-shape', () => withMember('test_labels', npyBytes([4, 1], new Uint8Array(4)))],
    ['labels of several tasks', 'data-shape', () => withMember('train_labels', npyBytes([6, 14], new Uint8Array(84)))],
    ['flat labels', 'data-shape', () => withMember('train_labels', npyBytes([6], new Uint8Array(6)))],
    [
      'parts of different sizes',
      'data-shape',
      () => withMember('test_images', npyBytes([5, 27, 28], new Uint8Array(5 * 27 * 28))),
    ],
    ['flat images', 'data-shape', () => withMember('train_images', npyBytes([6, 784], new Uint8Array(6 * 784)))],
    [
      'a wrong dtype',
      'data-dtype',
      () => withMember('train_images', npyBytes([6, 28, 28], new Uint8Array(6 * 784), { descr: '|i1' })),
    ],
    [
      'a member that is cut off',
      'data-truncated',
      () => withMember('train_images', npyBytes([6, 28, 28], new Uint8Array(6 * 784)).slice(0, -1)),
    ],
    [
      'a missing array',
      'data-missing-array',
      () => {
        const { 'val_images.npy': _, ...rest } = members();
        return zipSync(rest);
      },
    ],
  ])('%s is refused', (_, want, bytes) => {
    expect(code(() => parseMedMnist(bytes(), 'pneumoniamnist'))).toBe(want);
  });

  it('every truncation of the archive is a typed error', () => {
    const bytes = toy({ train: 1, validation: 1, test: 1 });
    for (let length = 0; length < bytes.length; length += 7)
      expect(code(() => parseMedMnist(bytes.slice(0, length), 'pneumoniamnist'))).toMatch(/^data-/);
  });

  it('damaged bytes give a typed error or data that fits, nothing else', () => {
    const bytes = toy({ train: 2, validation: 1, test: 1 });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice();
        damaged[at]! ^= flip;
        const outcome = code(() => {
          const data = parseMedMnist(damaged, 'pneumoniamnist');
          expect(data.train.features).toHaveLength(data.train.labels.length * 784);
        });
        expect(outcome).toMatch(/^data-|^no error$/);
      }),
      { numRuns: 300 },
    );
  });

  it('a member that announces more than a gigabyte is not unpacked', () => {
    const bytes = toy({ train: 1, validation: 1, test: 1 });
    const view = new DataView(bytes.buffer);
    // Central directory entries start with PK\x01\x02 and hold the original size at 24.
    for (let at = 0; at + 46 < bytes.length; at++)
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 0xfffffff0, true);
    expect(() => parseMedMnist(bytes, 'pneumoniamnist')).toThrow('want ≤ 1073741824');
  });
});

describe('CSV', () => {
  const options = { name: 't' };
  it('reads numbers and classes', () => {
    const data = parseCsv('a,b,class\n1,-2.5e1,sick\n0.5,"3",well\n', options);
    expect([...data.features]).toEqual([1, -25, 0.5, 3]);
    expect(data.classes).toEqual(['sick', 'well']);
    expect([...data.labels]).toEqual([0, 1]);
    const first = parseCsv('class;x'.replace(';', ',').concat('\n1,7\n0,8\n'), { ...options, label: 'class' });
    expect([...first.features]).toEqual([7, 8]);
    expect([...first.labels]).toEqual([1, 0]);
  });

  it.each<[string, string, string, object]>([
    ['no row', 'a,b\n', 'data-shape', {}],
    ['nothing', '', 'data-shape', {}],
    ['a short row', 'a,b,c\n1,2,0\n1,0\n', 'data-shape', {}],
    ['a word', 'a,c\nx,0\n1,1\n', 'data-format', {}],
    ['an empty cell', 'a,c\n,0\n1,1\n', 'data-format', {}],
    ['an infinite cell', 'a,c\nInfinity,0\n1,1\n', 'data-format', {}],
    ['an unlisted class', 'a,c\n1,2\n1,0\n', 'data-labels', { classes: ['0', '1'] }],
    ['one class', 'a,c\n1,0\n1,0\n', 'data-labels', {}],
    ['a label column that is not there', 'a,c\n1,0\n1,1\n', 'data-shape', { label: 'd' }],
    ['an unknown option', 'a,c\n1,0\n1,1\n', 'unknown-option', { delimiter: ';' }],
  ])('%s is refused', (_, text, want, change) => {
    expect(code(() => parseCsv(text, { ...options, ...change }))).toBe(want);
  });
});
