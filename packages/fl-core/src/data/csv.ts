import { csvParseRows } from 'd3-dsv';
import { checkDataset, type Dataset } from '../dataset.ts';
import { FlCoreError, refuseUnknownOptions } from '../errors.ts';

export interface CsvOptions {
  readonly name: string;
  /** Is the first row a header? Default true. */
  readonly header?: boolean;
  /** Column of the class: a header name or an index, −1 for the last (default). Every other column is a feature. */
  readonly label?: string | number;
  /** Cell values of the classes in class order. Default: the distinct values, sorted as text. */
  readonly classes?: readonly string[];
}

/** Reads a table of numbers with one class column (RFC 4180). Throws `data-format`, `data-shape` or `data-labels`. */
export function parseCsv(text: string, options: CsvOptions): Dataset {
  refuseUnknownOptions('parseCsv', options, ['name', 'header', 'label', 'classes']);
  const { name, header = true, label = -1 } = options;
  const operation = `parseCsv ${name}`;
  const rows = csvParseRows(text).filter((row) => row.length > 1 || row[0] !== '');
  const names = header ? rows.shift() : undefined;
  const columns = (names ?? rows[0])?.length ?? 0;
  if (rows.length === 0 || columns < 2)
    throw new FlCoreError('data-shape', {
      operation,
      field: 'table',
      got: `${rows.length}×${columns}`,
      want: 'rows of features and a class',
    });
  const labelColumn = findColumn(operation, label, names, columns);
  const cells = rows.map((row) => row[labelColumn] ?? '');
  const classes = options.classes ?? [...new Set(cells)].sort();
  const labels = new Uint8Array(rows.length);
  const features = new Float32Array(rows.length * (columns - 1));
  let at = 0;
  for (const [i, row] of rows.entries()) {
    const line = i + (header ? 2 : 1);
    if (row.length !== columns)
      throw new FlCoreError('data-shape', { operation, field: `line ${line}`, got: row.length, want: columns });
    const index = classes.indexOf(cells[i]!);
    if (index < 0)
      throw new FlCoreError('data-labels', {
        operation,
        field: `line ${line}`,
        got: cells[i]!,
        want: classes.join(' or '),
      });
    labels[i] = index;
    for (const [j, cell] of row.entries()) {
      if (j === labelColumn) continue;
      // Number('') is 0: an empty cell is a missing value, not a zero.
      const value = cell.trim() === '' ? Number.NaN : Number(cell);
      if (!Number.isFinite(value))
        throw new FlCoreError('data-format', {
          operation,
          field: `line ${line}, column ${j + 1}`,
          got: JSON.stringify(cell),
          want: 'a finite number',
        });
      features[at++] = value;
    }
  }
  return checkDataset({ name, features, labels, shape: [columns - 1], classes });
}

function findColumn(
  operation: string,
  label: string | number,
  names: readonly string[] | undefined,
  columns: number,
): number {
  const index = typeof label === 'string' ? (names?.indexOf(label) ?? -1) : label < 0 ? columns + label : label;
  if (!Number.isInteger(index) || index < 0 || index >= columns)
    throw new FlCoreError('data-shape', {
      operation,
      field: 'label column',
      got: label,
      want: 'a column of the table',
    });
  return index;
}
